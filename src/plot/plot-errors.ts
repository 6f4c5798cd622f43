import type { Markish } from '@observablehq/plot';
import type { WrittenFile } from '../layout/written-file.js';
import { printable } from '../printable.js';
import { draw, type Frame, PADDING, type PlotLibrary, TEXT_SIZE } from './draw.js';
import { logScale } from './log-scale.js';
import { type DrawnLoss, type Panels, panelsOf } from './loss-panels.js';
import { TYPE_COLORS } from './palette.js';
import { cutMiddle, estimateWidth, modelName, sharedStart } from './text.js';

const WIDTH = 960;
const MARGIN = { top: 122, right: 24, bottom: 48, left: 64 };
/** The gap above a row, which holds the file's name. */
const ROW_GAP = 0.24;
const COLUMN_GAP = 0.06;
const ROW_LABEL = 20;
const SMALL = 10.5;
/** Pixels from the top to the middle of the legend. */
const LEGEND = 76;

/**
 * Draws the relative error of each tensor as an SVG document. It has a row for each file and a column for each kind of
 * tensor. In a panel the layers are on the x axis and the errors on a logarithmic y axis, which all panels share.
 * Colours stand for types. Files without measured tensors are left out.
 */
export async function plotErrors(written: readonly WrittenFile[]): Promise<string> {
  const panels = panelsOf(written);
  const { domain, ticks } = logScale(panels.losses.map(({ percent }) => percent));
  const head = frame(written, panels);
  return draw(head, (plot) => ({
    marginRight: MARGIN.right,
    marginBottom: MARGIN.bottom,
    x: { domain: [-0.5, panels.lastLayer + 0.5] },
    y: { type: 'log', domain },
    fx: { domain: panels.kinds, ...gaps(panels.kinds, COLUMN_GAP) },
    fy: { domain: panels.files.map((_, i) => i), ...gaps(panels.files, ROW_GAP) },
    marks: [...legend(plot, panels, head.marginTop), ...axes(plot, panels, ticks), ...marks(plot, panels)],
  }));
}

/** The padding between panels. There is none around them, because it would move labels beside them. */
function gaps({ length }: readonly string[], gap: number) {
  return { paddingInner: length > 1 ? gap : 0, paddingOuter: 0 };
}

function frame(written: readonly WrittenFile[], { files, left, step }: Panels): Frame {
  const rows = Math.max(1, files.length);
  const marginTop = MARGIN.top + (rows > 1 ? ROW_LABEL : 0);
  return {
    ...{ width: WIDTH, marginLeft: MARGIN.left, marginTop },
    height: marginTop + MARGIN.bottom + (rows === 1 ? 240 : rows * Math.max(96, Math.min(170, 800 / rows))),
    title: `${cutMiddle(sharedName(written), 60)}: what each tensor loses`,
    subtitle: [
      [
        "Root mean square error of a tensor's values, in percent of their root mean square, by layer",
        ...(step > 1 ? [`every ${step} layers`] : []),
        ...(left > 0 ? [`the first ${files.length} of ${files.length + left} files`] : []),
      ].join('; '),
    ],
  };
}

/** The common start of the files' names: `model` for `model-Q8_0` and `model-Q4_K_M`. */
function sharedName(written: readonly WrittenFile[]): string {
  const names = written.map(({ path, type }) => {
    const name = modelName(path);
    return type && name.endsWith(type) ? name.slice(0, -type.length).replace(/[-._ ]$/, '') : name;
  });
  const [first = ''] = names;
  const shared = names.every((name) => name === first) ? first : sharedStart(names).slice(0, -1);
  return shared || `${names.length} files`;
}

const SWATCH = 5;
const SWATCH_GAP = 16;

/** Marks of the legend: the types that occur, in the order of their numbers. */
function legend(plot: PlotLibrary, { losses }: Panels, marginTop: number): Markish[] {
  const present = new Set<string>(losses.map(({ type }) => type));
  const entries = Object.entries(TYPE_COLORS).filter(([type]) => present.has(type));
  // If there are many types, gaps shrink until all fit on the line.
  const widths = entries.map(([type]) => 2 * SWATCH + estimateWidth(type, TEXT_SIZE) + SWATCH_GAP);
  const closer = Math.min(1, (WIDTH - 2 * PADDING) / widths.reduce((sum, width) => sum + width, 0));
  let left = PADDING - MARGIN.left + SWATCH;
  return entries.flatMap(([type, fill], i) => {
    const at = { frameAnchor: 'top-left' as const, facet: 'super' as const, dx: left, dy: LEGEND - marginTop };
    left += (widths[i] ?? 0) * closer;
    return [
      plot.dot([type], { ...at, r: SWATCH, fill }),
      plot.text([type], { ...at, dx: at.dx + SWATCH + 5, lineAnchor: 'middle', fontSize: TEXT_SIZE * closer }),
    ];
  });
}

function axes(plot: PlotLibrary, { kinds, files, lastLayer }: Panels, ticks: readonly number[]): Markish[] {
  const many = files.length > 1;
  const quiet = { tickSize: 0, labelArrow: 'none', fontSize: SMALL } as const;
  const column = (WIDTH - MARGIN.left - MARGIN.right) / kinds.length;
  return [
    plot.axisFx({
      ...{ anchor: 'top', label: null, fontSize: SMALL, fontWeight: 600, dy: many ? -ROW_LABEL : 0 },
      tickFormat: (kind: string) => fitted(printable(kind), column),
    }),
    plot.axisX({
      ...quiet,
      label: 'layer',
      labelAnchor: 'center',
      labelOffset: 36,
      ticks: layerTicks(lastLayer),
      tickFormat: String,
    }),
    plot.axisY({
      ...quiet,
      label: null,
      ticks: files.length > 6 ? ends(ticks) : ticks,
      tickFormat: (tick: number) => `${tick} %`,
    }),
    plot.axisFy({ label: null, tickFormat: () => '' }),
    plot.gridY({ ticks, strokeOpacity: 0.12 }),
    plot.frame({ strokeOpacity: 0.2 }),
    ...(many
      ? [
          plot.text(files, {
            ...{ fx: () => kinds[0], fy: (_: string, i: number) => i, text: (name: string) => name },
            ...{ frameAnchor: 'top-left', dy: -14, fontWeight: 600 },
          }),
        ]
      : []),
  ];
}

function marks(plot: PlotLibrary, { losses, lastLayer }: Panels): Markish[] {
  const at = { fx: 'kind', fy: 'file', y: 'percent' };
  const title = ({ name, type, percent }: DrawnLoss) => `${printable(name)} ${type}: ${percent.toPrecision(3)} %`;
  const inLayers = losses.filter(({ layer }) => layer !== null);
  return [
    plot.line(inLayers, { ...at, x: 'layer', z: 'type', stroke: 'color', strokeOpacity: 0.4, strokeWidth: 1 }),
    // A tensor outside the layers is a line across the panel.
    plot.ruleY(
      losses.filter(({ layer }) => layer === null),
      { ...at, x1: -0.5, x2: lastLayer + 0.5, stroke: 'color', strokeWidth: 2.5, title },
    ),
    plot.dot(inLayers, { ...at, x: 'layer', r: lastLayer > 48 ? 1.6 : 2.2, fill: 'color', title }),
  ];
}

const MOST_LAYER_TICKS = 4;

/** Round numbers from 0 on. */
function layerTicks(last: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => last / size < MOST_LAYER_TICKS) ?? last;
  return Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step);
}

function ends(ticks: readonly number[]): number[] {
  return [ticks[0], ticks.at(-1)].flatMap((tick) => tick ?? []);
}

/** A kind's label, shortened to the width of its column. */
function fitted(kind: string, width: number): string {
  return cutMiddle(kind, Math.max(6, Math.floor(width / estimateWidth('x', SMALL))));
}

import type { Markish } from '@observablehq/plot';
import { UsageError } from '../errors.js';
import type { CheckResult } from '../runner/check-result.js';
import { type Dot, dotsOf, type PlottedModel, type Unit, unitFor } from './check-dots.js';
import { placeDotLabels, RADIUS } from './dot-labels.js';
import { draw, type Frame, type PlotLibrary } from './draw.js';
import { logScale } from './log-scale.js';
import type { Box } from './place-labels.js';
import { cutMiddle, modelName } from './text.js';

/** What the plot shows of a check: a `CheckResult`, or as much of one. */
export interface PlottedCheck extends Pick<CheckResult, 'text' | 'chunks' | 'ctx' | 'tokens'> {
  readonly base: { readonly source: string } | null;
  readonly models: readonly PlottedModel[];
}

/** The check has no base, so there is no divergence to draw. */
export class NothingToPlotError extends UsageError {}

const [WIDTH, HEIGHT] = [800, 520];
const MARGIN = { top: 98, right: 28, bottom: 60, left: 92 };
const AREA: Box = {
  x: MARGIN.left,
  y: MARGIN.top,
  width: WIDTH - MARGIN.left - MARGIN.right,
  height: HEIGHT - MARGIN.top - MARGIN.bottom,
};
/** The area for labels, which reaches a little above the highest line. */
const LABEL_AREA: Box = { ...AREA, y: AREA.y - 14, height: AREA.height + 14 };
const SIZE_TICKS = 8;
const TITLE_LENGTH = 48;

/**
 * Draws the divergence of files against their size as an SVG document. Each file is a dot: its size on the x axis, its
 * mean KL divergence from the base on the logarithmic y axis, with a bar of one standard error in each direction. A
 * line connects the files that no other file beats in both.
 * @throws NothingToPlotError
 */
export async function plotCheck(result: PlottedCheck): Promise<string> {
  const unit = unitFor(result.models);
  const dots = dotsOf(result.models, unit);
  if (dots.length === 0) {
    throw new NothingToPlotError('The check compared no models, so there is no divergence to plot.', 'Name a base.');
  }
  const scales = scalesOf(dots);
  return draw(frame(result), (plot) => ({
    marginRight: MARGIN.right,
    marginBottom: MARGIN.bottom,
    ...scales,
    marks: [...axes(plot, unit, scales.y.ticks), ...marks(plot, dots, unit, scales)],
  }));
}

function frame({ base, text, chunks, ctx, tokens }: PlottedCheck): Frame {
  const over = text === null ? 'the bundled text' : cutMiddle(modelName(text), TITLE_LENGTH);
  return {
    ...{ width: WIDTH, height: HEIGHT, marginLeft: MARGIN.left, marginTop: MARGIN.top },
    title: `${cutMiddle(modelName(base?.source ?? ''), TITLE_LENGTH)}: what each size costs`,
    subtitle: [
      `Mean KL divergence from the original over ${over}: ${chunks} ${chunks === 1 ? 'chunk' : 'chunks'} of ${ctx} tokens, ${tokens} scored.`,
      'Bars: ± 1 standard error, where larger than the dot. Line and full dots: no other file is both smaller and closer.',
    ],
  };
}

type Scales = ReturnType<typeof scalesOf>;

/** The scales of both axes. A file that equals the base has no logarithm and is drawn on the lowest line. */
function scalesOf(dots: readonly Dot[]) {
  const sizes = dots.map(({ size }) => size);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const room = 0.08 * (most - least) || 0.1 * most;
  const { domain, ticks } = logScale(
    dots.flatMap(({ kld: { value, error } }) => [value - error, value, value + error]),
  );
  return {
    x: { domain: [Math.max(0, least - room), most + room] },
    y: { type: 'log' as const, domain, ticks, clamp: true },
  };
}

function axes(plot: PlotLibrary, unit: Unit, ticks: readonly number[]): Markish[] {
  const label = { labelAnchor: 'center', labelArrow: 'none', tickSize: 0 } as const;
  return [
    plot.gridX({ ticks: SIZE_TICKS, strokeOpacity: 0.1 }),
    plot.gridY({ ticks, strokeOpacity: 0.1 }),
    plot.axisX({ label: `size, ${unit.name}`, labelOffset: 42, ticks: SIZE_TICKS, ...label }),
    plot.axisY({ label: 'mean KL divergence, nats', labelOffset: 76, ticks, tickFormat: String, ...label }),
  ];
}

function marks(plot: PlotLibrary, dots: readonly Dot[], unit: Unit, { x, y }: Scales): Markish[] {
  const floor = y.domain[0];
  const up = (kld: number) => Math.max(floor, kld);
  const at = { x: 'size', y: ({ kld }: Dot) => up(kld.value) };
  const [across, above] = [
    plot.scale({ x: { ...x, range: [AREA.x, AREA.x + AREA.width] } }),
    plot.scale({ y: { ...y, range: [AREA.y + AREA.height, AREA.y] } }),
  ];
  const places = dots.map((dot) => ({
    x: across.apply(dot.size),
    y: above.apply(up(dot.kld.value)),
    high: above.apply(up(dot.kld.value + dot.kld.error)),
    low: above.apply(up(dot.kld.value - dot.kld.error)),
  }));
  const labels = placeDotLabels(dots, places, LABEL_AREA);
  const best = dots.filter((dot) => dot.best);
  const title = (dot: Dot) =>
    `${dot.label}: ${dot.size.toPrecision(4)} ${unit.name}, ${dot.kld.value.toPrecision(4)} ± ${dot.kld.error.toPrecision(2)}`;
  return [
    plot.line(best, { ...at, strokeOpacity: 0.35, strokeWidth: 1.5 }),
    plot.link(
      labels.filter(({ far }) => far),
      { x1: pixels('x'), y1: pixels('y'), x2: pixels('toX'), y2: pixels('toY'), strokeOpacity: 0.45 },
    ),
    plot.ruleX(dots, {
      x: 'size',
      y1: ({ kld }: Dot) => up(kld.value - kld.error),
      y2: ({ kld }: Dot) => up(kld.value + kld.error),
      stroke: 'color',
      strokeWidth: 1.5,
      className: 'error',
    }),
    plot.dot(best, { ...at, r: RADIUS, fill: 'color', title, className: 'edge' }),
    plot.dot(
      dots.filter((dot) => !dot.best),
      { ...at, r: RADIUS - 1, stroke: 'color', strokeWidth: 2, title, className: 'paper', fill: null },
    ),
    ...(['start', 'end'] as const).map((textAnchor) =>
      plot.text(
        labels.filter((label) => label.textAnchor === textAnchor),
        { x: pixels('edge'), y: pixels('middle'), text: 'label', textAnchor, fontWeight: 600, className: 'halo' },
      ),
    ),
  ];
}

/** A channel whose values are pixels and are not scaled. */
function pixels(value: string) {
  return { value, scale: null };
}

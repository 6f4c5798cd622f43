import type { TensorStats, WrittenFile } from '../events.js';

// A picture of what quantization lost: a dot a tensor, its layer across, its relative error (log) up, its type by colour.

const WIDTH = 960;
const HEIGHT = 480;
const MARGIN = { left: 70, right: 130, top: 40, bottom: 50 };
const COLORS = [
  '#1f77b4',
  '#ff7f0e',
  '#2ca02c',
  '#d62728',
  '#9467bd',
  '#8c564b',
  '#e377c2',
  '#7f7f7f',
  '#bcbd22',
  '#17becf',
];

type Dot = TensorStats & { readonly layer: number };

/** One chart a file, below each other, as an SVG document. Files without measured tensors are left out. */
export function plotErrors(files: readonly WrittenFile[]): string {
  const charts = files.flatMap(({ path, tensors }) => (tensors ? [{ path, dots: dotsOf(tensors) }] : []));
  const body = charts.map(({ path, dots }, i) => `<g transform="translate(0 ${i * HEIGHT})">${chart(path, dots)}</g>`);
  const height = Math.max(1, charts.length) * HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}

/** Tensors that lost something; those without a layer stand at -1. */
function dotsOf(tensors: readonly TensorStats[]): Dot[] {
  return tensors
    .filter(({ relativeRmse }) => relativeRmse > 0)
    .map((tensor) => ({ ...tensor, layer: Number(/^blk\.(\d+)\./.exec(tensor.name)?.[1] ?? -1) }));
}

function chart(title: string, dots: readonly Dot[]): string {
  const layers = Math.max(0, ...dots.map(({ layer }) => layer));
  const errors = dots.map(({ relativeRmse }) => Math.log10(relativeRmse));
  const low = Math.floor(Math.min(0, ...errors) * 2) / 2;
  const high = Math.ceil(Math.max(low + 0.5, ...errors) * 2) / 2;
  const x = (layer: number) => scale(layer, -1, Math.max(layers, 0), MARGIN.left, WIDTH - MARGIN.right);
  const y = (value: number) => scale(value, low, high, HEIGHT - MARGIN.bottom, MARGIN.top);
  const types = [...new Set(dots.map(({ type }) => type))].sort();
  const color = (type: string) => COLORS[types.indexOf(type as Dot['type']) % COLORS.length];
  return [
    text(WIDTH / 2, 20, escaped(title), 'middle'),
    ...axis(low, high, y),
    ...layerLabels(layers, x),
    ...dots.map(
      (dot) =>
        `<circle cx="${round(x(dot.layer))}" cy="${round(y(Math.log10(dot.relativeRmse)))}" r="4" fill="${color(dot.type)}" fill-opacity="0.7"><title>${escaped(dot.name)} ${dot.type}: ${(dot.relativeRmse * 100).toPrecision(3)} %</title></circle>`,
    ),
    ...types.flatMap((type, i) => {
      const at = MARGIN.top + 18 * i;
      const left = WIDTH - MARGIN.right + 30;
      return [`<circle cx="${left}" cy="${at}" r="5" fill="${color(type)}"/>`, text(left + 12, at + 4, type, 'start')];
    }),
  ].join('\n');
}

function axis(low: number, high: number, y: (value: number) => number): string[] {
  const lines = [text(16, MARGIN.top - 14, 'RMSE, of the values', 'start')];
  for (let value = low; value <= high + 1e-9; value += 0.5) {
    const at = round(y(value));
    lines.push(
      `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}" stroke="#ddd"/>`,
      text(MARGIN.left - 8, at + 4, `${(100 * 10 ** value).toPrecision(2)} %`, 'end'),
    );
  }
  return lines;
}

function layerLabels(layers: number, x: (layer: number) => number): string[] {
  const step = Math.max(1, Math.ceil((layers + 1) / 16));
  const bottom = HEIGHT - MARGIN.bottom + 20;
  const labels = [text(x(-1), bottom, 'none', 'middle')];
  for (let layer = 0; layer <= layers; layer += step) {
    labels.push(text(x(layer), bottom, String(layer), 'middle'));
  }
  return [...labels, text(WIDTH / 2, bottom + 20, 'layer', 'middle')];
}

function scale(value: number, from: number, to: number, start: number, end: number): number {
  return to === from ? start : start + ((value - from) / (to - from)) * (end - start);
}

function text(x: number, y: number, content: string, anchor: string): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${content}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Names come from files: nothing of them may become markup, and XML has no place for control characters. */
function escaped(name: string): string {
  return name.replace(/[\p{Cc}\p{Cs}]/gu, '?').replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

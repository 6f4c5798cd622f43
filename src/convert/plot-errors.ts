import type { TensorStats, WrittenFile } from '../events.js';
import { color, dot, gridLine, scale, svgDocument, text } from '../svg.js';

// A picture of what quantization lost: a dot a tensor, its layer across, its relative error (log) up, its type by colour.

const WIDTH = 960;
const HEIGHT = 480;
const AREA = { left: 70, right: WIDTH - 130, top: 40, bottom: HEIGHT - 50 };

type Dot = TensorStats & { readonly layer: number };

/** One chart a file, below each other, as an SVG document. Files without measured tensors are left out. */
export function plotErrors(files: readonly WrittenFile[]): string {
  const charts = files.flatMap(({ path, tensors }) => (tensors ? [chart(path, dotsOf(tensors))] : []));
  return svgDocument(WIDTH, HEIGHT, charts);
}

/** Tensors that lost something; those without a layer stand at -1. */
function dotsOf(tensors: readonly TensorStats[]): Dot[] {
  return tensors
    .filter(({ relativeRmse }) => relativeRmse > 0)
    .map((tensor) => ({ ...tensor, layer: Number(/^blk\.(\d+)\./.exec(tensor.name)?.[1] ?? -1) }));
}

function chart(title: string, dots: readonly Dot[]): string[] {
  const layers = Math.max(0, ...dots.map(({ layer }) => layer));
  const errors = dots.map(({ relativeRmse }) => Math.log10(relativeRmse));
  const low = Math.floor(Math.min(0, ...errors) * 2) / 2;
  const high = Math.ceil(Math.max(low + 0.5, ...errors) * 2) / 2;
  const x = (layer: number) => scale(layer, -1, layers, AREA.left, AREA.right);
  const y = (value: number) => scale(value, low, high, AREA.bottom, AREA.top);
  const types = [...new Set(dots.map(({ type }) => type))].sort();
  return [
    text(WIDTH / 2, 20, title, 'middle'),
    ...axis(low, high, y),
    ...layerLabels(layers, x),
    ...dots.map(({ layer, name, type, relativeRmse }) =>
      dot(
        x(layer),
        y(Math.log10(relativeRmse)),
        color(types.indexOf(type)),
        `${name} ${type}: ${(relativeRmse * 100).toPrecision(3)} %`,
      ),
    ),
    ...types.flatMap((type, i) => {
      const [left, at] = [AREA.right + 30, AREA.top + 18 * i];
      return [dot(left, at, color(i)), text(left + 12, at + 4, type, 'start')];
    }),
  ];
}

function axis(low: number, high: number, y: (value: number) => number): string[] {
  const lines = [text(16, AREA.top - 14, 'RMSE, of the values', 'start')];
  for (let value = low; value <= high + 1e-9; value += 0.5) {
    lines.push(...gridLine(AREA, y(value), `${(100 * 10 ** value).toPrecision(2)} %`));
  }
  return lines;
}

function layerLabels(layers: number, x: (layer: number) => number): string[] {
  const step = Math.max(1, Math.ceil((layers + 1) / 16));
  const bottom = AREA.bottom + 20;
  const labels = [text(x(-1), bottom, 'none', 'middle')];
  for (let layer = 0; layer <= layers; layer += step) {
    labels.push(text(x(layer), bottom, String(layer), 'middle'));
  }
  return [...labels, text(WIDTH / 2, bottom + 20, 'layer', 'middle')];
}

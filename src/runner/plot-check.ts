import { color, dot, gridLine, scale, svgDocument, text } from '../svg.js';
import type { Checked } from './check.js';

// A picture of what a size costs: a dot a file, its size across, its mean KL divergence from the base (log) up.

const WIDTH = 720;
const HEIGHT = 480;
const AREA = { left: 80, right: WIDTH - 90, top: 50, bottom: HEIGHT - 60 };
const MIB = 2 ** 20;

/** One chart as an SVG document. Models without a base are left out; one that does not differ stands on the lowest line. */
export function plotCheck(models: readonly Checked[]): string {
  const dots = models.flatMap(({ divergence, type, source, size }) =>
    divergence ? [{ label: type ?? source, size: size / MIB, kld: divergence.kld }] : [],
  );
  const logs = dots.flatMap(({ kld }) => (kld.value > 0 ? [Math.log10(kld.value)] : []));
  const low = logs.length > 0 ? Math.floor(Math.min(...logs)) : -1;
  const high = Math.max(low + 1, Math.ceil(Math.max(low, ...logs)));
  const [smallest, largest] = range(dots.map(({ size }) => size));
  const x = (size: number) => scale(size, smallest, largest, AREA.left, AREA.right);
  const y = (kld: number) => scale(Math.max(low, Math.log10(kld)), low, high, AREA.bottom, AREA.top);
  return svgDocument(WIDTH, HEIGHT, [
    [
      text(16, AREA.top - 24, 'mean KL divergence, nats', 'start'),
      ...decades(low, high).flatMap((decade) => gridLine(AREA, y(10 ** decade), String(Number(`1e${decade}`)))),
      ...steps(smallest, largest).map((size) => text(x(size), AREA.bottom + 20, size.toPrecision(3), 'middle')),
      text((AREA.left + AREA.right) / 2, AREA.bottom + 42, 'size, MiB', 'middle'),
      ...dots.flatMap(({ label, size, kld }, i) => [
        dot(
          x(size),
          y(kld.value),
          color(i),
          `${label}: ${size.toFixed(1)} MiB, ${kld.value.toPrecision(4)} ± ${kld.error.toPrecision(2)}`,
        ),
        text(x(size) + 8, y(kld.value) + 4, label, 'start'),
      ]),
    ],
  ]);
}

/** A little more than the values take. */
function range(values: readonly number[]): [number, number] {
  const [least, most] = [Math.min(...values, Number.POSITIVE_INFINITY), Math.max(...values, 0)];
  const from = Math.min(least, most);
  const room = 0.05 * (most - from || most || 1);
  return [Math.max(0, from - room), most + room];
}

function decades(low: number, high: number): number[] {
  return Array.from({ length: high - low + 1 }, (_, i) => low + i);
}

const STEPS = 6;

function steps(from: number, to: number): number[] {
  return Array.from({ length: STEPS }, (_, i) => scale(i, 0, STEPS - 1, from, to));
}

import { blockSize, GGML_TYPES, type GgmlType, rowBytes } from '#src/gguf/types.js';
import { availableTargets, dequantize, OverflowError, quantizeRows } from '#src/quantize/native.js';
import type { Ggml } from '../peer/ggml.js';
import { DISTRIBUTION_NAMES, makeInput, makeWeights, random, WEIGHT_NAMES } from './inputs.js';
import { bytesOf, FLOATS, NEED_WEIGHTS, NON_FINITE } from './vectors.js';

// Random shapes, distributions, scales and weights, on every target of this machine against ggml.

/** ggml aborts on values this large in some types. */
const TOO_LARGE = 'fltmax';
const DISTRIBUTIONS = DISTRIBUTION_NAMES.filter((dist) => !NON_FINITE.includes(dist) && dist !== TOO_LARGE);

/** A tensor's rows, each from a distribution of its own and scaled by a power of two. */
function mixedRows(seed: number, rows: number, columns: number): Float32Array {
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const dist = DISTRIBUTIONS[random(seed, row) % DISTRIBUTIONS.length] ?? 'normal';
    const scale = 2 ** ((random(seed, 1000 + row) % 17) - 8);
    const made = makeInput(dist, random(seed, 2000 + row), 1, columns);
    values.set(
      made.map((value) => value * scale),
      row * columns,
    );
  }
  return values;
}

/** Half of the rounds have no weights, where the type can do without. */
function weightsFor(type: GgmlType, seed: number, columns: number): Float32Array | undefined {
  const draw = random(seed, 3);
  if (draw & 1 && !NEED_WEIGHTS.includes(type)) return undefined;
  return makeWeights(WEIGHT_NAMES[(draw >>> 1) % WEIGHT_NAMES.length] ?? 'rand', random(seed, 4), columns);
}

export interface Round {
  readonly rows: number;
  /** The first difference, or null. */
  readonly difference: string | null;
}

/** One random tensor: its blocks, and the values of them, byte for byte. */
export function compareRound(ggml: Ggml, type: GgmlType, seed: number): Round {
  const rows = 1 + (random(seed, 1) % 23);
  const most = blockSize(type) === 256 ? 5 : 40;
  const columns = blockSize(type) * (1 + (random(seed, 2) % most));
  const values = mixedRows(seed, rows, columns);
  const weights = weightsFor(type, seed, columns);
  const expected = new Uint8Array(rows * rowBytes(type, columns));
  ggml.quantizeChunk(GGML_TYPES[type][0], values, rows, columns, expected, weights);
  for (const on of availableTargets()) {
    const target = new Uint8Array(expected.length);
    try {
      quantizeRows({
        type,
        source: bytesOf(values),
        sourceType: 'F32',
        via: 'F32',
        rows,
        columns,
        weights,
        target,
        on,
      });
    } catch (error) {
      if (!(error instanceof OverflowError)) throw error; // what it wrote is complete
    }
    const at = firstDifference(target, expected);
    if (at >= 0) {
      const place = `${rows} x ${columns}, ${weights ? 'with' : 'no'} weights, seed ${seed}`;
      return { rows, difference: `${type} on ${on} (${place}): byte ${at}` };
    }
  }
  return { rows, difference: FLOATS.includes(type) ? null : compareValues(ggml, type, expected, rows * columns) };
}

/** The values of blocks, of which any bytes make some. */
export function compareValues(ggml: Ggml, type: GgmlType, blocks: Uint8Array, count: number): string | null {
  const expected = new Float32Array(count);
  ggml.dequantize(type, blocks, expected);
  for (const on of availableTargets()) {
    const values = new Float32Array(count);
    dequantize(type, blocks, values, on);
    const at = values.findIndex((value, i) => !Object.is(value, expected[i]));
    if (at >= 0) return `${type} on ${on}: value ${at} of blocks is ${values[at]}, not ${expected[at]}`;
  }
  return null;
}

/** Blocks of random bytes. */
export function randomBlocks(type: GgmlType, seed: number, columns: number): Uint8Array {
  return Uint8Array.from({ length: rowBytes(type, columns) }, (_, i) => random(seed, i) & 255);
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b) === 0 ? -1 : a.findIndex((byte, i) => byte !== b[i]);
}

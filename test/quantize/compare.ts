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
  const difference = compareTensor(ggml, type, { values, rows, columns, weights });
  return { rows, difference: difference === null ? null : `${difference} (seed ${seed})` };
}

const EXPONENTS = 255;

/**
 * A row for each exponent of a float32 (the first is 0: subnormal), of blocks whose largest values are at most 128
 * steps below a power of two.
 */
export function compareExponents(ggml: Ggml, type: GgmlType, seed: number): string | null {
  const columns = 256;
  const values = new Float32Array(EXPONENTS * columns);
  const bits = new Uint32Array(values.buffer);
  bits.forEach((_, i) => {
    const draw = random(seed, i);
    const exponent = Math.floor(i / columns);
    const magnitude =
      i % 16 === 0
        ? (exponent << 23) + 0x7fffff - (draw & 127)
        : (Math.max(0, exponent - (draw & 7)) << 23) + (draw >>> 9);
    bits[i] = magnitude + (draw & 0x100 ? 0x80000000 : 0);
  });
  return compareTensor(ggml, type, { values, rows: EXPONENTS, columns, weights: undefined });
}

interface Tensor {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
  readonly weights: Float32Array | undefined;
}

/** The first difference of the blocks, or of their values. */
function compareTensor(ggml: Ggml, type: GgmlType, { values, rows, columns, weights }: Tensor): string | null {
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
    if (at >= 0) return `${type} on ${on} (${rows} x ${columns}, ${weights ? 'with' : 'no'} weights): byte ${at}`;
  }
  return FLOATS.includes(type) ? null : compareValues(ggml, type, expected, rows * columns);
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

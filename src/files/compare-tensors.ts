import { GGML_TYPES, type GgmlType, rowBytes } from '../gguf/types.js';
import type { TensorStats } from '../layout/written-file.js';
import type { GgufModelTensor } from '../plan/gguf-model.js';
import { toFloats } from '../quantize/floats.js';
import { dequantize } from '../quantize/native.js';
import type { Repo } from '../repo/repo.js';
import { elementCount } from '../tensor/expr.js';

/** One of two tensors of the same shape. */
export interface Side {
  readonly repo: Repo;
  readonly tensor: GgufModelTensor;
}

/** How far the one's values are from the other's: NaN where only one of two values is NaN. */
export type TensorError = Pick<TensorStats, 'rmse' | 'relativeRmse' | 'maxError'>;

/** Elements that are read at once: a multiple of every block, some MiB in each form. */
const PIECE = 2 ** 19;

/** @returns null when both have the same type and bytes. */
export async function compareTensors(a: Side, b: Side, signal?: AbortSignal): Promise<TensorError | null> {
  if (a.tensor.type === b.tensor.type && (await haveSameBytes(a, b, signal))) {
    return null;
  }
  const count = elementCount(a.tensor.ne);
  const sums = { squaredDifferences: 0, squares: 0, largest: 0 };
  for await (const [left, right] of pieces(a, b, signal)) {
    addDifferences(values(a.tensor.type, left), values(b.tensor.type, right), sums);
  }
  const { squaredDifferences, squares, largest } = sums;
  return {
    rmse: Math.sqrt(squaredDifferences / Math.max(count, 1)),
    relativeRmse: squaredDifferences === 0 ? 0 : Math.sqrt(squaredDifferences / squares),
    maxError: largest,
  };
}

async function haveSameBytes(a: Side, b: Side, signal?: AbortSignal): Promise<boolean> {
  for await (const [left, right] of pieces(a, b, signal)) {
    if (Buffer.compare(left, right) !== 0) {
      return false;
    }
  }
  return true;
}

/** The same elements of both, some at a time. */
async function* pieces(a: Side, b: Side, signal?: AbortSignal): AsyncGenerator<[Uint8Array, Uint8Array]> {
  const total = elementCount(a.tensor.ne);
  for (let from = 0; from < total; from += PIECE) {
    const to = Math.min(total, from + PIECE);
    yield await Promise.all([readElements(a, from, to, signal), readElements(b, from, to, signal)]);
  }
}

function readElements({ repo, tensor }: Side, from: number, to: number, signal?: AbortSignal): Promise<Uint8Array> {
  const { file, offset } = tensor.expr;
  const start = rowBytes(tensor.type, from);
  return repo.read(file, offset + start, rowBytes(tensor.type, to) - start, signal);
}

function values(type: GgmlType, bytes: Uint8Array): Float32Array {
  const { bytes: source, dtype } = toFloats(bytes, type);
  const [, blockElements, blockBytes] = GGML_TYPES[dtype];
  const floats = new Float32Array((source.length / blockBytes) * blockElements);
  dequantize(dtype, source, floats);
  return floats;
}

interface Sums {
  squaredDifferences: number;
  squares: number;
  largest: number;
}

/** Equal values have a difference of 0, even where both are infinite or NaN. */
function addDifferences(a: Float32Array, b: Float32Array, sums: Sums): void {
  let { squaredDifferences, squares, largest } = sums;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    if (x !== y && !(Number.isNaN(x) && Number.isNaN(y))) {
      const difference = Math.abs(x - y);
      squaredDifferences += difference * difference;
      largest = Math.max(largest, difference);
    }
    squares += Number.isNaN(x) ? 0 : x * x;
  }
  Object.assign(sums, { squaredDifferences, squares, largest });
}

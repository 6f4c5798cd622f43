import { SourceError } from '../../errors.js';
import { bytesOf, DTYPE_BYTES, type DType } from '../dtype.js';
import { elementCount, type GatherExpr, rowLength, type TensorExpr } from '../expr.js';
import type { Interpreter, Operator, Workplace } from '../operator.js';
import { contiguous, sliced } from '../strides.js';
import { arranged } from './view.js';

/** Kernels throw those of another realm where code runs in a context of its own. */
function isRangeError(cause: unknown): cause is Error {
  return typeof cause === 'object' && cause !== null && 'name' in cause && cause.name === 'RangeError';
}

/** A tensor of indices has one that their target does not have. */
export class TensorIndexError extends SourceError {
  constructor(indices: string, target: string, cause: Error) {
    super(
      `The indices of tensor ${indices} are not all in the range of ${target}: ${cause.message}.`,
      'Check that all files of the repository are of one model, and download them again.',
      { cause },
    );
  }
}

export const gather: Operator<GatherExpr> = {
  shape({ axis, of, index }, all) {
    const count = rowLength(all.shape(index));
    return all.shape(of).map((size, i) => (i === axis ? count : size));
  },

  dtype: ({ of }, all) => all.dtype(of),

  // The index is unknown until it is read, so every piece of rows reads the whole operand.
  grain: (expr, all) => (isColumns(expr, all) ? all.grain(expr.of) : 1),

  narrow(expr, from, to, all) {
    const { of, index, axis } = expr;
    if (isColumns(expr, all)) {
      return { op: 'gather', axis: 1, of: all.narrow(of, from, to), index };
    }
    const shape = all.shape(of);
    const rows = elementCount(shape.slice(1, -1));
    const [first, last] = [Math.floor(from / rows), Math.ceil(to / rows)];
    const picked: TensorExpr = { op: 'gather', axis, of, index: part(index, first, last, all) };
    const all2d = arranged(picked, contiguous([(last - first) * rows, rowLength(shape)]), all);
    return first * rows === from && last * rows === to
      ? all2d
      : rowsWithin(all2d, from - first * rows, to - first * rows, all);
  },

  segments: ({ of, index }, all) => [...all.segments(of), ...all.segments(index)],

  evaluate(expr, place, all) {
    const { of, index } = expr;
    const dtype = all.dtype(of);
    const shape = all.shape(of);
    const count = rowLength(all.shape(index));
    const columns = isColumns(expr, all);
    const run = columns ? bytesOf(dtype, 1) : bytesOf(dtype, elementCount(shape.slice(1)));
    const target = place.take(bytesOf(dtype, elementCount(gather.shape(expr, all))));
    place.scope(() => {
      const source = all.evaluate(of, place);
      try {
        const indices = indicesOf(index, count, place, all);
        if (columns) {
          gatherColumns({ source, run, size: rowLength(shape) }, indices, target, place);
        } else {
          place.kernels.gather(source, run, indices, target);
        }
      } catch (cause) {
        throw isRangeError(cause) ? new TensorIndexError(namesOf(index, all), namesOf(of, all), cause) : cause;
      }
    });
    return target;
  },

  memory(expr, all) {
    const { of, index } = expr;
    const count = rowLength(all.shape(index));
    const result = bytesOf(all.dtype(of), elementCount(gather.shape(expr, all)));
    return result + all.memory(of) + all.memory(index) + count * DTYPE_BYTES.I32;
  },

  sources: ({ of, index }, all) => [...all.sources(of), ...all.sources(index)],
};

function isColumns({ axis, of }: GatherExpr, all: Interpreter): boolean {
  return axis === all.shape(of).length - 1;
}

function namesOf(expr: TensorExpr, all: Interpreter): string {
  return [...new Set(all.sources(expr).map(({ name }) => name))].join(', ');
}

/** @throws RangeError for an index that I32 does not have */
function indicesOf(index: TensorExpr, count: number, place: Workplace, all: Interpreter): Int32Array {
  const bytes = place.take(count * DTYPE_BYTES.I32);
  place.kernels.cast(all.evaluate(index, place), all.dtype(index) as DType, bytes, 'I32');
  return new Int32Array(bytes.slice().buffer);
}

interface Rows {
  readonly source: Uint8Array;
  /** Bytes of an element. */
  readonly run: number;
  /** Elements of a row. */
  readonly size: number;
}

/** @throws RangeError for an index that rows do not have */
function gatherColumns({ source, run, size }: Rows, indices: Int32Array, target: Uint8Array, place: Workplace): void {
  const [from, to] = [run * size, run * indices.length];
  const repeats = repeatsOf(indices);
  if (repeats !== undefined && indices.length <= repeats * size) {
    place.kernels.copy({
      ...{ source, sourceOffset: 0, sourceStrides: [size, 1, 0], elementBytes: run },
      ...{ target, targetOffset: 0, targetStrides: [indices.length, repeats, 1] },
      sizes: [target.length / to, indices.length / repeats, repeats],
    });
    return;
  }
  for (let row = 0; row * to < target.length; row++) {
    const bytes = source.subarray(row * from, (row + 1) * from);
    place.kernels.gather(bytes, run, indices, target.subarray(row * to, (row + 1) * to));
  }
}

/** How often each index is there if they are 0, 1, 2, ..., each as often, one after the other; undefined for others. */
function repeatsOf(indices: Int32Array): number | undefined {
  const next = indices.findIndex((i) => i !== 0);
  const repeats = next === -1 ? indices.length : next;
  const isRegular =
    repeats > 0 && indices.length % repeats === 0 && indices.every((index, i) => index === Math.floor(i / repeats));
  return isRegular ? repeats : undefined;
}

/** Elements [from, to) of a list. */
function part(index: TensorExpr, from: number, to: number, all: Interpreter): TensorExpr {
  if (index.op === 'constant') {
    return { ...index, shape: [to - from], values: index.values.slice(from, to) };
  }
  const own = contiguous(all.shape(index));
  return arranged(index, sliced(own, 0, from, to, 1) ?? own, all);
}

function rowsWithin(expr: TensorExpr, from: number, to: number, all: Interpreter): TensorExpr {
  const own = contiguous(all.shape(expr));
  return arranged(expr, sliced(own, 0, from, to, 1) ?? own, all);
}

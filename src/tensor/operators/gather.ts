import { SourceError } from '../../errors.js';
import { bytesOf, DTYPE_BYTES, type DType } from '../dtype.js';
import { elementCount, type GatherExpr, rowLength, type TensorExpr } from '../expr.js';
import type { Interpreter, Operator, Workplace } from '../operator.js';
import { contiguous, sliced } from '../strides.js';
import { filled, over, sizeOf } from './operands.js';
import { arranged } from './view.js';

/** A tensor of indices has one that their target does not have. */
export class TensorIndexError extends SourceError {
  constructor(indices: string, target: string, cause: Error) {
    super(
      `The indices of tensor ${indices} are not all in the range of ${target || 'their table'}: ${cause.message}.`,
      'Check that all files of the repository are of one model, and download them again.',
      { cause },
    );
  }
}

const both = over<GatherExpr>(({ of, index }) => [of, index]);

export const gather: Operator<GatherExpr> = {
  ...both,
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
    const picked: TensorExpr = { op: 'gather', axis, of, index: elements(index, first, last, all) };
    const all2d = arranged(picked, contiguous([(last - first) * rows, rowLength(shape)]), all);
    const start = first * rows;
    return start === from && last * rows === to ? all2d : rowsWithin(all2d, from - start, to - start, all);
  },

  evaluate(expr, place, all) {
    const { of, index } = expr;
    const shape = all.shape(of);
    const columns = isColumns(expr, all);
    const run = bytesOf(all.dtype(of), columns ? 1 : elementCount(shape.slice(1)));
    return filled(place, sizeOf(expr, all), (target) => {
      const source = all.evaluate(of, place);
      inRange(expr, all, () => {
        const indices = indicesOf(index, place, all);
        const [from, to] = columns ? [run * rowLength(shape), run * indices.length] : [source.length, target.length];
        for (let row = 0; row * to < target.length; row++) {
          const bytes = source.subarray(row * from, (row + 1) * from);
          place.kernels.gather(bytes, run, indices, target.subarray(row * to, (row + 1) * to));
        }
      });
    });
  },

  memory: (expr, all) => sizeOf(expr, all) + all.memory(expr.of) + memoryOfIndices(expr, all),
};

/** Bytes that it takes to read an index. */
export const memoryOfIndices = ({ index }: GatherExpr, all: Interpreter) =>
  all.memory(index) + rowLength(all.shape(index)) * DTYPE_BYTES.I32;

export const isColumns = ({ axis, of }: GatherExpr, all: Interpreter) => axis === all.shape(of).length - 1;

/** Which columns a gather takes. */
interface Columns {
  readonly index: Int32Array;
  /** How many columns there are. */
  readonly count: number;
  /** How often each, if it takes all in their order and each as often: the groups of most quantized weights do. */
  readonly run: number | undefined;
}

/** What was read in a workplace: the strips of a tensor have one index. */
const known = new WeakMap<Workplace, WeakMap<TensorExpr, Columns>>();

/** @throws TensorIndexError */
export function columnsOf(expr: GatherExpr, place: Workplace, all: Interpreter): Columns {
  const own = known.get(place) ?? new WeakMap<TensorExpr, Columns>();
  known.set(place, own);
  const count = rowLength(all.shape(expr.of));
  const found = own.get(expr.index);
  if (found?.count === count) {
    return found;
  }
  const read = inRange(expr, all, () => place.scope(() => readColumns(expr, count, place, all)));
  own.set(expr.index, read);
  return read;
}

/** @throws RangeError */
function readColumns({ index: list }: GatherExpr, count: number, place: Workplace, all: Interpreter): Columns {
  const index = indicesOf(list, place, all);
  const wrong = index.find((column) => column < 0 || column >= count);
  if (wrong !== undefined) {
    throw new RangeError(`index ${wrong} is not below ${count}`);
  }
  const run = index.length / count;
  const isRepeated = Number.isInteger(run) && index.every((column, i) => column === Math.floor(i / run));
  return { index, count, run: isRepeated ? run : undefined };
}

/** @throws TensorIndexError where `use` of the indices throws a RangeError */
function inRange<T>({ of, index }: GatherExpr, all: Interpreter, use: () => T): T {
  const namesOf = (expr: TensorExpr) => [...new Set(all.sources(expr).map(({ name }) => name))].join(', ');
  try {
    return use();
  } catch (cause) {
    // The kernels' is of another realm where code runs in a context of its own.
    const isRangeError = typeof cause === 'object' && cause !== null && 'name' in cause && cause.name === 'RangeError';
    throw isRangeError ? new TensorIndexError(namesOf(index), namesOf(of), cause as Error & typeof cause) : cause;
  }
}

/** @throws RangeError for an index that I32 does not have */
function indicesOf(index: TensorExpr, place: Workplace, all: Interpreter): Int32Array {
  const bytes = place.take(rowLength(all.shape(index)) * DTYPE_BYTES.I32);
  place.kernels.cast(all.evaluate(index, place), all.dtype(index) as DType, bytes, 'I32');
  return new Int32Array(bytes.slice().buffer);
}

/** Elements [from, to) of a list, of which no more is read than they need. */
function elements(list: TensorExpr, from: number, to: number, all: Interpreter): TensorExpr {
  return arranged(all.narrow(asColumn(list, all), from, to), contiguous([to - from]), all);
}

/** A list as a matrix of one column, whose rows can be narrowed. */
function asColumn(list: TensorExpr, all: Interpreter): TensorExpr {
  if ('left' in list) {
    return { ...list, left: asColumn(list.left, all), right: asColumn(list.right, all) };
  }
  if (list.op === 'cast' || list.op === 'apply') {
    return { ...list, of: asColumn(list.of, all) };
  }
  const shape = [elementCount(all.shape(list)), 1];
  return 'shape' in list ? { ...list, shape } : arranged(list, contiguous(shape), all);
}

/** Rows [from, to) of a matrix. */
function rowsWithin(expr: TensorExpr, from: number, to: number, all: Interpreter): TensorExpr {
  const own = contiguous(all.shape(expr));
  return arranged(expr, sliced(own, 0, from, to, 1) ?? own, all);
}

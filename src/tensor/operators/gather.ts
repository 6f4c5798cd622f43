import { bytesOf, DTYPE_BYTES, type DType } from '../dtype.js';
import { elementCount, type GatherExpr, rowLength, type TensorExpr } from '../expr.js';
import type { Interpreter, Operator, Workplace } from '../operator.js';
import { contiguous, sliced } from '../strides.js';
import { filled, over, sizeOf } from './operands.js';
import { arranged } from './view.js';

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
    const picked: TensorExpr = { op: 'gather', axis, of, index: part(index, first, last, all) };
    const all2d = arranged(picked, contiguous([(last - first) * rows, rowLength(shape)]), all);
    const start = first * rows;
    return start === from && last * rows === to ? all2d : part(all2d, from - start, to - start, all);
  },

  evaluate(expr, place, all) {
    const { of, index } = expr;
    const shape = all.shape(of);
    const columns = isColumns(expr, all);
    const run = bytesOf(all.dtype(of), columns ? 1 : elementCount(shape.slice(1)));
    return filled(place, sizeOf(expr, all), (target) => {
      const indices = indicesOf(index, place, all);
      const source = all.evaluate(of, place);
      const [from, to] = columns ? [run * rowLength(shape), run * indices.length] : [source.length, target.length];
      for (let row = 0; row * to < target.length; row++) {
        const bytes = source.subarray(row * from, (row + 1) * from);
        place.kernels.gather(bytes, run, indices, target.subarray(row * to, (row + 1) * to));
      }
    });
  },

  memory: (expr, all) => both.memory(expr, all) + rowLength(all.shape(expr.index)) * DTYPE_BYTES.I32,
};

const isColumns = ({ axis, of }: GatherExpr, all: Interpreter) => axis === all.shape(of).length - 1;

function indicesOf(index: TensorExpr, place: Workplace, all: Interpreter): Int32Array {
  const bytes = place.take(rowLength(all.shape(index)) * DTYPE_BYTES.I32);
  place.kernels.cast(all.evaluate(index, place), all.dtype(index) as DType, bytes, 'I32');
  return new Int32Array(bytes.slice().buffer);
}

/** Elements [from, to) of a list, or rows of a matrix. */
function part(expr: TensorExpr, from: number, to: number, all: Interpreter): TensorExpr {
  if (expr.op === 'constant') {
    return { ...expr, shape: [to - from], values: expr.values.slice(from, to) };
  }
  const own = contiguous(all.shape(expr));
  return arranged(expr, sliced(own, 0, from, to, 1) ?? own, all);
}

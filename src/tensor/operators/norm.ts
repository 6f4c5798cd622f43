import { DTYPE_BYTES } from '../dtype.js';
import { type NormExpr, rowLength, rowsOf, type TensorExpr } from '../expr.js';
import type { Interpreter, Operator } from '../operator.js';
import { filled, over } from './operands.js';

/** All columns are one row, so every piece of the result reads the whole matrix. */
export const norm: Operator<NormExpr> = {
  ...over(({ of }) => [of]),
  shape: ({ of }, all) => [1, rowLength(all.shape(of))],
  dtype: () => 'F32',
  grain: () => 1,
  narrow: (expr) => expr,
  evaluate({ of }, place, all) {
    const bytes = rowBytes(of, all);
    return filled(place, bytes, (target) => {
      const [sums, squares] = [place.take(bytes).fill(0), place.take(bytes)];
      const source = all.evaluate(floats(of, all), place);
      for (let row = 0; row < rowsOf(all.shape(of)); row++) {
        const own = source.subarray(row * bytes, (row + 1) * bytes);
        place.kernels.binary('mul', 'F32', own, own, squares);
        place.kernels.binary('add', 'F32', sums, squares, target);
        sums.set(target);
      }
      place.kernels.unary('sqrt', 'F32', sums, target);
    });
  },
  memory: ({ of }, all) => all.memory(floats(of, all)) + 3 * rowBytes(of, all),
};

const rowBytes = (of: TensorExpr, all: Interpreter) => DTYPE_BYTES.F32 * rowLength(all.shape(of));
const floats = (of: TensorExpr, all: Interpreter): TensorExpr =>
  all.dtype(of) === 'F32' ? of : { op: 'cast', to: 'F32', of };

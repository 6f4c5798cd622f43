import { add, cast, concat, expand, gather, mul, reshape, slice } from '../../tensor/build.js';
import { type DType, isScaled } from '../../tensor/dtype.js';
import { rowLength, type TensorExpr } from '../../tensor/expr.js';
import { dtypeOf, shapeOf } from '../../tensor/rows.js';
import type { PlainType } from './declared-dtypes.js';
import { type PlainTensors, QuantizedTensorError, UnsupportedMethodError } from './plain-tensors.js';
import { checkDType, checkShape } from './scales.js';

/**
 * compressed-tensors' sparse-24-bitmask: of each four neighbours in a row two are kept, in order, by `X.compressed`
 * [out, in / 2], and the others are zero. `X.bitmask` U8 [out, ceil(in / 8)] has a bit for each column, the lowest first.
 *
 * Elements are chosen as whole numbers, by their bits, and looked up then: a product with 0 or 1 would lose the sign of a
 * zero. A mask of another number than two makes no whole number, which is refused where values are read.
 *
 * Facts: compressed_tensors/compressors/sparse_compressors/sparse_24_bitmask.py.
 */
export function decodeSparse24(tensors: PlainTensors, module: string): Sparse {
  const [compressed, bitmask] = [`${module}.compressed`, `${module}.bitmask`];
  const [codes, mask] = [tensors.get(compressed), tensors.get(bitmask)];
  const [format, columns] = [FLOATS[dtypeOf(codes)], 2 * rowLength(shapeOf(codes))];
  const [rows = 0, ...others] = shapeOf(codes);
  if (!format || codes.op !== 'source' || tensors.has(`${module}.row_offsets`)) {
    throw new UnsupportedMethodError(
      `Tensor ${compressed}, of dtype ${dtypeOf(codes)}, has a sparse weight that is not of the format sparse-24-bitmask.`,
    );
  }
  if (others.length !== 1 || columns % 4 !== 0) {
    throw new QuantizedTensorError(
      `Tensor ${compressed} is [${shapeOf(codes).join(', ')}], not two of each four columns of a matrix.`,
    );
  }
  checkDType(bitmask, mask, 'U8');
  checkShape(bitmask, mask, [rows, Math.ceil(columns / 8)]);
  const pairs = reshape({ ...codes, dtype: format.code }, [rows, columns / 4, 2]);
  const chosen = [0, 1].map((which) => {
    const four = expand(slice(pairs, 2, which, which + 1), 2, 4);
    return mul(reshape(four, [rows, columns]), masks(mask, which, columns));
  });
  const index = cast(
    chosen.reduce((a, b) => add(a, b)),
    'I32',
  );
  const values = gather(reshape(floats(format), [2 ** format.bits, 1]), 0, reshape(index, [rows * columns]));
  const weight = `${module}.weight`;
  tensors.set(weight, reshape(values, [rows, columns]), '2:4 sparse');
  tensors.drop(compressed, bitmask, `${module}.shape`);
  return { weight, isScaled: isScaled(dtypeOf(codes)) };
}

interface Sparse {
  readonly weight: string;
  /** Whether its values are 8-bit floats, which a scale is for. */
  readonly isScaled: boolean;
}

/** A float's bits: a sign, an exponent, a mantissa. */
interface FloatFormat {
  /** Whole numbers of the same size. */
  readonly code: DType;
  readonly bits: number;
  readonly exponent: number;
  /** The dtype of values. */
  readonly value: PlainType;
}

const FLOATS: Partial<Record<string, FloatFormat>> = {
  BF16: { code: 'U16', bits: 16, exponent: 8, value: 'BF16' },
  F16: { code: 'U16', bits: 16, exponent: 5, value: 'F16' },
  F8_E4M3: { code: 'U8', bits: 8, exponent: 4, value: 'F32' },
  F8_E5M2: { code: 'U8', bits: 8, exponent: 5, value: 'F32' },
};

/** The values of all codes that are finite. */
function floats({ bits, exponent, value }: FloatFormat): TensorExpr {
  const [upper, mantissa] = [2 ** (exponent + 1), 2 ** (bits - 1 - exponent)];
  const bias = 2 ** (exponent - 1) - 1;
  const parts = Array.from({ length: upper }, (_, i) => {
    const [sign, power] = [i < upper / 2 ? 1 : -1, i % (upper / 2)];
    const least = sign * 2 ** (Math.max(power, 1) - bias);
    return { first: power === 0 ? sign * 0 : least, step: least / mantissa };
  });
  const column = (values: readonly number[]) => expand(constant(values, [upper, 1]), 1, mantissa);
  const row = expand(constant([...new Array(mantissa).keys()], [1, mantissa]), 0, upper);
  return cast(add(column(parts.map(({ first }) => first)), mul(column(parts.map(({ step }) => step)), row)), value);
}

/** 1 for columns that hold the first or the second of two kept elements, else 0. A byte is looked up once. */
function masks(mask: TensorExpr, which: number, columns: number): TensorExpr {
  const [rows = 0, bytes = 0] = shapeOf(mask);
  const values = Array.from({ length: 16 }, (_, nibble) => ofNibble(nibble, which)).flat();
  const low = expand(constant(values, [1, 16, 4]), 0, 16);
  const high = expand(constant(values, [16, 1, 4]), 1, 16);
  const table = reshape(concat([low, high], 2), [256, 8]);
  const all = gather(table, 0, reshape(mask, [rows * bytes]));
  return slice(reshape(all, [rows, bytes * 8]), 1, 0, columns);
}

function ofNibble(nibble: number, which: number): number[] {
  const kept = [0, 1, 2, 3].filter((i) => (nibble >> i) & 1);
  return [0, 1, 2, 3].map((i) => (kept.length === 2 ? Number(kept[which] === i) : Number.NaN));
}

function constant(values: readonly number[], shape: readonly number[]): TensorExpr {
  return { op: 'constant', dtype: 'F32', shape, values };
}

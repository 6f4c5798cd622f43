import { forEachConcurrently } from '../../async/concurrency.js';
import { isObject } from '../../json.js';
import { cast, concat, expand, mul, reshape, slice, sub, unpack } from '../../tensor/build.js';
import { bytesOf } from '../../tensor/dtype.js';
import { rowLength, type TensorExpr } from '../../tensor/expr.js';
import { dtypeOf, shapeOf } from '../../tensor/rows.js';
import type { PlainType } from './declared-dtypes.js';
import { checkBits, declaredSizes, entriesOf } from './declared-sizes.js';
import type { Method } from './method.js';
import { computedOnce } from './packed-codes.js';
import { type PlainTensors, QuantizedTensorError } from './plain-tensors.js';
import { broadcast, checkDType, checkShape } from './scales.js';

/**
 * Weights as transformers saves modules of HQQ. The flattened weight is a matrix of groups: [groups, size] with `scale` and
 * `zero` [groups, 1] (axis 1), or [size, groups] with [1, groups] (axis 0). The words of `W_q` have the codes of rows that
 * are as many rows apart as `W_q` has, the first in the high bits: 1, 2, 4 or 8 codes in a byte, or ten of 3 bits in the low
 * 30 bits of an I32, which may have more rows than the matrix. With `view_as_float` the same bytes are under another dtype.
 * weight = (code - zero) * scale; each result is rounded to the dtype of scale and zero.
 *
 * `shape` has the weight's shape. The other tensors of a module say what these shapes say already.
 *
 * Facts: `Quantizer.dequantize` in hqq/core/quantize.py, hqq/core/bitpack.py.
 */
export const hqq: Method = {
  name: 'HQQ',
  isOurs: true,
  is: ({ method }) => method === 'hqq',
  async decode(tensors, { config }) {
    const { quant_config: own } = config;
    const entries = [own, ...entriesOf(own)].filter(isObject).map((entry) => entry.weight_quant_params);
    const sizes = declaredSizes(entries);
    const names = tensors.names().filter((name) => name.endsWith(CODES));
    const shapes = new Map<string, readonly number[]>();
    await forEachConcurrently(names, READS, tensors.signal, async (name) => {
      shapes.set(name, await shapeIn(tensors, `${name.slice(0, -CODES.length)}.shape`));
    });
    for (const [name, shape] of names.map((each) => [each, shapes.get(each) ?? []] as const)) {
      const module = name.slice(0, -CODES.length);
      const { weight, bits } = weightOf(tensors, module, shape);
      if (sizes.bits.length > 0 && !bits.some((count) => sizes.bits.includes(count))) {
        checkBits(name, bits[0] ?? 0, sizes);
      }
      tensors.set(
        `${module}.weight`,
        weight,
        `HQQ ${bits.find((count) => sizes.bits.includes(count)) ?? bits[0]} bits`,
      );
      tensors.drop(name, ...PARTS.map((part) => `${module}.${part}`));
    }
  },
};

const CODES = '.W_q';
/** Reads of small tensors at a time. */
const READS = 16;
const PARTS = (
  'scale zero shape nbits group_size axis packing unpack_view_dtype compute_dtype view_as_float quant_scale quant_zero ' +
  'channel_wise optimize round_zero offload_meta stores_quant_config encoded_state_dict'
).split(' ');

/** @throws QuantizedTensorError for what is no shape of a matrix */
async function shapeIn(tensors: PlainTensors, name: string): Promise<readonly number[]> {
  const expr = tensors.get(name);
  checkDType(name, expr, 'I64');
  checkShape(name, expr, [2]);
  const bytes = await tensors.bytes(name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = [0, 8].map((at) => Number(view.getBigInt64(at, true)));
  if (!shape.every((size) => size > 0 && size <= MAX_SIZE)) {
    throw new QuantizedTensorError(`Tensor ${name} says that its weight is [${shape.join(', ')}].`);
  }
  return shape;
}

/** A dimension at most: products of two are safe integers. */
const MAX_SIZE = 2 ** 26;

/** @throws QuantizedTensorError where shapes contradict each other */
function weightOf(tensors: PlainTensors, module: string, shape: readonly number[]) {
  const [words, scale, zero] = [
    tensors.get(module + CODES),
    tensors.get(`${module}.scale`),
    tensors.get(`${module}.zero`),
  ];
  checkDType(`${module}.scale`, scale, 'F16', 'BF16', 'F32');
  const own = dtypeOf(scale) as PlainType;
  checkDType(`${module}.zero`, zero, own);
  checkShape(`${module}.zero`, zero, shapeOf(scale));
  const [outputs = 0, inputs = 0] = shape;
  const [rows = 0, columns = 0, ...more] = shapeOf(scale);
  const matrix = columns === 1 ? [rows, (outputs * inputs) / rows] : [(outputs * inputs) / columns, columns];
  const packing = packingOf(words, matrix);
  if (!packing || more.length > 0 || (rows !== 1 && columns !== 1)) {
    throw new QuantizedTensorError(
      `Tensor ${module}${CODES} is [${shapeOf(words).join(', ')}] for a weight of [${shape.join(', ')}], and its scales are [${shapeOf(scale).join(', ')}].`,
    );
  }
  // Float16 arithmetic rounds each result to float16. That in float32 is rounded to the dtype of the scales here.
  const compute = own === 'F16' ? 'F16' : 'F32';
  const each = (expr: TensorExpr) => broadcast(computedOnce(cast(expr, compute)), matrix, `${module}${CODES}`);
  const codes = cast(slice(packing.codes, 0, 0, matrix[0] ?? 0), compute);
  const difference = cast(cast(sub(codes, each(zero)), own), compute);
  return { weight: reshape(cast(mul(difference, each(scale)), own), shape), bits: packing.bits };
}

/** The codes of words, and the numbers of bits that such a packing is for; undefined where no packing has these shapes. */
function packingOf(words: TensorExpr, [rows = 0, columns = 0]: readonly number[]) {
  const [count = 0, ...more] = shapeOf(words);
  const bytes = bytesOf(dtypeOf(words), rowLength(shapeOf(words)));
  if (more.length !== 1) {
    return undefined;
  }
  if (bytes === 4 * columns && count === Math.ceil(rows / 10)) {
    return { bits: [3], codes: tensCodes(words, columns) };
  }
  const bits = bytes === columns ? IN_BYTES.get(rows / count) : undefined;
  return bits && { bits, codes: byteCodes(words, columns, rows / count) };
}

/** Bits by the number of codes in a byte. */
const IN_BYTES: ReadonlyMap<number, readonly number[]> = new Map([
  [1, [8, 7, 6, 5]],
  [2, [4]],
  [4, [2, 1.58]],
  [8, [1]],
]);

function byteCodes(words: TensorExpr, columns: number, each: number): TensorExpr {
  const count = shapeOf(words)[0] ?? 0;
  const codes = reshape(unpack(words, 1, 8 / each), [count, columns, each]);
  return joined(Array.from({ length: each }, (_, i) => slice(codes, 2, each - 1 - i, each - i)));
}

/**
 * Ten codes in the low 30 bits of four bytes. The first three bytes have eight whole ones; the other two are the first ones
 * of the last byte.
 */
function tensCodes(words: TensorExpr, columns: number): TensorExpr {
  const count = shapeOf(words)[0] ?? 0;
  const bytes = reshape(unpack(words, 1, 8), [count, columns, 4]);
  const codesIn = (three: TensorExpr) =>
    reshape(unpack(reshape(three, [count, 3 * columns]), 1, 3), [count, columns, 8]);
  const low = codesIn(slice(bytes, 2, 0, 3));
  const high = codesIn(expand(slice(bytes, 2, 3, 4), 2, 3));
  return joined(
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((i) => (i < 8 ? slice(low, 2, i, i + 1) : slice(high, 2, i - 8, i - 7))),
  );
}

/** Codes [rows, columns, 1] one after the other, as a matrix. */
function joined(parts: readonly TensorExpr[]): TensorExpr {
  return concat(
    parts.map((part) => reshape(part, shapeOf(part).slice(0, 2))),
    0,
  );
}

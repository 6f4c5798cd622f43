import { forEachConcurrently } from '../../async/concurrency.js';
import { isObject, type Json, type JsonObject, parseJson } from '../../json.js';
import { add, cast, mul, reshape } from '../../tensor/build.js';
import { elementCount, type TensorExpr } from '../../tensor/expr.js';
import { shapeOf } from '../../tensor/rows.js';
import { floatNamed, modelDType } from './declared-dtypes.js';
import type { Method } from './method.js';
import { bytesOfRows, byteValues, computedOnce, firstOf, pairValues } from './packed-codes.js';
import { type PlainTensors, QuantizedTensorError, UnsupportedMethodError } from './plain-tensors.js';
import { broadcast, checkDType, checkShape, repeat, scaled } from './scales.js';

/**
 * Weights as bitsandbytes saves them.
 *
 * 4 bits: `weight` has the codes of the flattened weight, two a byte, the first in the high bits; the dtype of the tensor
 * means nothing. `weight.quant_map` has the 16 values, `weight.absmax` a scale for each run of `blocksize` elements, and the
 * JSON in `weight.quant_state.*` the shape and the dtype of the result: dtype(quant_map[code] * absmax). Scales may be
 * quantized themselves: nested_quant_map[absmax] * nested_absmax + nested_offset, all in float32.
 * 8 bits: `weight` I8 and a scale `SCB` for each row: dtype((code * SCB) * float32(1 / 127)).
 *
 * Facts: `dequantize_4bit`, `QuantState` and `int8_vectorwise_dequant` in bitsandbytes/functional.py.
 */
export const bitsandbytes: Method = {
  name: 'bitsandbytes',
  isOurs: true,
  is: ({ method }) => method === 'bitsandbytes',
  async decode(tensors, { hparams }) {
    const names = tensors.names();
    const states = names.filter((name) => name.includes(STATE));
    await forEachConcurrently(states, READS, tensors.signal, async (name) => {
      decodeNibbles(tensors, name.slice(0, name.indexOf(STATE)), await stateOf(tensors, name));
      tensors.drop(name);
    });
    const dtype = modelDType(hparams);
    const scales = names.filter((name) => name.endsWith(SCB));
    await forEachConcurrently(scales, READS, tensors.signal, async (name) => {
      const module = name.slice(0, -SCB.length);
      await checkRowMajor(tensors, `${module}.weight_format`);
      const weight = `${module}.weight`;
      const codes = tensors.get(weight);
      checkDType(weight, codes, 'I8');
      const each = broadcast(tensors.get(name), shapeOf(codes), weight);
      tensors.set(weight, cast(mul(scaled(codes, each), 1 / 127), dtype), 'bitsandbytes INT8');
      tensors.drop(name, `${module}.weight_format`);
    });
  },
};

const STATE = '.quant_state.bitsandbytes__';
const SCB = '.SCB';
/** Reads of small tensors at a time. */
const READS = 16;

/** What the JSON beside a weight of 4 bits says. */
interface State {
  readonly type: string;
  readonly shape: readonly number[];
  readonly dtype: 'F32' | 'F16' | 'BF16';
  readonly block: number;
  /** Null: the scales are plain. */
  readonly nested: { readonly block: number; readonly offset: number } | null;
}

function decodeNibbles(tensors: PlainTensors, weight: string, { type, shape, dtype, block, nested }: State): void {
  const count = elementCount(shape);
  const bytes = bytesOfRows(tensors.get(weight), weight);
  const [halves, blocks] = [Math.ceil(count / 2), Math.ceil(count / block)];
  if (elementCount(shapeOf(bytes)) < halves) {
    throw new QuantizedTensorError(
      `Tensor ${weight} has ${elementCount(shapeOf(bytes))} bytes, too few for the codes of [${shape.join(', ')}].`,
    );
  }
  const part = (name: string, dtype: string, size: number) => tensorOf(tensors, `${weight}.${name}`, dtype, size);
  const values = pairValues(bytes, part('quant_map', 'F32', 16), 'high first');
  let absmax: TensorExpr;
  if (nested) {
    const table = part('nested_quant_map', 'F32', 256);
    const codes = byteValues(reshape(part('absmax', 'U8', blocks), [blocks, 1]), table);
    const own = part('nested_absmax', 'F32', Math.ceil(blocks / nested.block));
    const each = firstOf(repeat(own, 0, nested.block), [blocks, 1]);
    absmax = computedOnce(add(mul(codes, each), nested.offset));
  } else {
    absmax = part('absmax', 'F32', blocks);
  }
  const each = firstOf(repeat(reshape(absmax, [blocks]), 0, block), shape);
  tensors.set(weight, cast(mul(firstOf(values, shape), each), dtype), `bitsandbytes ${type}`);
  tensors.drop(...['absmax', 'quant_map', 'nested_absmax', 'nested_quant_map'].map((name) => `${weight}.${name}`));
}

function tensorOf(tensors: PlainTensors, name: string, dtype: string, size: number): TensorExpr {
  const expr = tensors.get(name);
  checkDType(name, expr, dtype);
  checkShape(name, expr, [size]);
  return expr;
}

/** @throws QuantizedTensorError for a JSON that contradicts itself */
async function stateOf(tensors: PlainTensors, name: string): Promise<State> {
  const json = parseJson(new TextDecoder().decode(await tensors.bytes(name)), name);
  const state: JsonObject = isObject(json) ? json : {};
  const { quant_type: type, shape, nested_offset: offset } = state;
  const isShape = Array.isArray(shape) && shape.length > 0 && shape.length <= MAX_DIMENSIONS && shape.every(isCount);
  if ((type !== 'nf4' && type !== 'fp4') || !isShape || (offset !== undefined && !Number.isFinite(offset))) {
    throw new QuantizedTensorError(
      `Tensor ${name} describes no weight of 4 bits: ${JSON.stringify(json).slice(0, 200)}.`,
    );
  }
  const sizeOf = (field: string) => {
    const { [field]: size } = state;
    if (!isCount(size) || size === 0 || size > MAX_BLOCK) {
      throw new QuantizedTensorError(`${field} in tensor ${name} is ${JSON.stringify(size)}.`);
    }
    return Number(size);
  };
  return {
    type: type.toUpperCase(),
    shape: shape as number[],
    dtype: floatNamed(state.dtype, `dtype in tensor ${name}`),
    block: sizeOf('blocksize'),
    nested: offset === undefined ? null : { block: sizeOf('nested_blocksize'), offset: Number(offset) },
  };
}

const MAX_DIMENSIONS = 4;
/** Elements of a block; bitsandbytes has blocks of at most 4096. */
const MAX_BLOCK = 65_536;

function isCount(value: Json | undefined): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** @throws UnsupportedMethodError for weights that lie as a kernel of an older version wants them */
async function checkRowMajor(tensors: PlainTensors, name: string): Promise<void> {
  if (tensors.has(name) && (await tensors.bytes(name)).some((byte) => byte !== 0)) {
    throw new UnsupportedMethodError(`Tensor ${name} says that the weight is not kept row by row.`);
  }
}

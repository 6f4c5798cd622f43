import { isObject, type Json } from '../../json.js';
import { cast } from '../../tensor/build.js';
import { isScaled } from '../../tensor/dtype.js';
import { dtypeOf, shapeOf } from '../../tensor/rows.js';
import type { Declared, Method } from './method.js';
import { decodeShards } from './mimo.js';
import { computedOnce } from './packed-codes.js';
import { type PlainTensors, QuantizedTensorError, UnsupportedMethodError } from './plain-tensors.js';
import { broadcast, checkDType, perElement, scaled } from './scales.js';

/** What the names of weights and of their scales end with: those of transformers' format, and of Mistral's own. */
const SCALES = [
  ['_scale_inv', ''],
  ['.qscale_weight', '.weight'],
] as const;
/** Scales of activations, which llama.cpp does not quantize. */
const UNUSED = ['.activation_scale', '_activation_scale', '.qscale_act'];

/**
 * 8-bit floats with a scale for each tensor, or for each block of `weight_block_size`. weight = float32(code) * scale.
 * Mistral's own format declares them in params.json, by `quantization.qformat_weight`.
 * Facts: `dequant_simple` in conversion/base.py, `dequant_model` in conversion/mistral.py;
 * transformers/integrations/finegrained_fp8.py.
 */
export const fp8: Method = {
  name: 'FP8',
  is: (declared) => declared.method === 'fp8' || mistralFormat(declared) !== undefined,
  decode(tensors, declared, { fp8AsQ8 }) {
    const format = mistralFormat(declared) ?? MISTRAL_FP8;
    if (format !== MISTRAL_FP8) {
      throw new UnsupportedMethodError(`params.json has weights of the format ${JSON.stringify(format)}.`);
    }
    const block = blockOf(declared.config.weight_block_size, 'weight_block_size');
    for (const name of tensors.names()) {
      const [end, by] = SCALES.find(([ending]) => name.endsWith(ending)) ?? [];
      if (end !== undefined) {
        const weight = name.slice(0, -end.length) + by;
        if (!decodeShards(tensors, weight, name, declared, fp8AsQ8)) {
          decodeFloats(tensors, { weight, scale: name, block, toQ8: fp8AsQ8 });
        }
        tensors.drop(name);
      } else if (UNUSED.some((ending) => name.endsWith(ending))) {
        tensors.drop(name);
      }
    }
  },
};

const MISTRAL_FP8 = 'fp8_e4m3';

function mistralFormat({ hparams: { quantization } }: Declared): Json | undefined {
  return isObject(quantization) ? quantization.qformat_weight : undefined;
}

/** Dtypes of weights that have a scale. The reference multiplies plain ones too. */
const CODES = ['F8_E4M3', 'F8_E5M2', 'I8', 'F16', 'BF16', 'F32'];
const SCALE_DTYPES = ['F32', 'BF16', 'F16', 'F8_E8M0'];

interface Codes {
  readonly weight: string;
  readonly scale: string;
  /** Sizes of blocks along the last dimensions. Null: the scale's dimensions are the weight's first ones. */
  readonly block: readonly number[] | null;
  /** Whether 8-bit floats become Q8_0. */
  readonly toQ8: boolean;
}

/** Puts the values of 8-bit floats, or of integers, in their place. @throws QuantizedTensorError */
export function decodeFloats(tensors: PlainTensors, { weight, scale: by, block, toQ8 }: Codes, kept?: string): void {
  const codes = tensors.get(weight);
  const scale = tensors.get(by);
  checkDType(weight, codes, ...CODES);
  checkDType(by, scale, ...SCALE_DTYPES);
  const shape = shapeOf(codes);
  const isBlocks = block !== null && shapeOf(scale).length === shape.length;
  const values = computedOnce(cast(scale, 'F32'));
  const each = isBlocks ? perElement(values, shape, block, weight) : broadcast(values, shape, weight);
  const forced = toQ8 && shape.length >= 2 ? 'Q8_0' : undefined;
  const own = kept ?? (isScaled(dtypeOf(codes)) ? 'FP8' : undefined);
  tensors.set(weight, scaled(codes, each), own, forced);
}

/** Sizes of blocks from a configuration. @throws QuantizedTensorError for what is no list of them */
export function blockOf(value: Json | undefined, field: string): readonly number[] | null {
  if (value === undefined || value === null) {
    return null;
  }
  const sizes = Array.isArray(value) ? value.filter((size) => Number.isSafeInteger(size) && Number(size) > 0) : [];
  if (sizes.length === 0 || sizes.length !== (value as Json[]).length || sizes.length > 3) {
    throw new QuantizedTensorError(`${field} in config.json is ${JSON.stringify(value)}.`);
  }
  return sizes as number[];
}

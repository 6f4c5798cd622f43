import type { Json } from '../../json.js';
import { shapeOf } from '../../tensor/rows.js';
import type { Method } from './method.js';
import { type PlainTensors, QuantizedTensorError } from './plain-tensors.js';
import { broadcast, perElement, scaled } from './scales.js';

/** What the names of weights and of their scales end with: those of transformers' format, and of Mistral's own. */
const SCALES = [
  ['_scale_inv', ''],
  ['.qscale_weight', '.weight'],
] as const;
/** Scales of activations, which llama.cpp does not quantize. */
const UNUSED = ['.activation_scale', '_activation_scale', '.qscale_act'];

/**
 * 8-bit floats with a scale for each tensor, or for each block of `weight_block_size`. weight = float32(code) * scale.
 * Facts: `dequant_simple` in conversion/base.py; transformers/integrations/finegrained_fp8.py.
 */
export const fp8: Method = {
  name: 'FP8',
  is: ({ method }) => method === 'fp8',
  decode(tensors, { config }, { fp8AsQ8 }) {
    const block = blockOf(config.weight_block_size);
    for (const name of tensors.names()) {
      const [end, by] = SCALES.find(([ending]) => name.endsWith(ending)) ?? [];
      if (end !== undefined) {
        const weight = name.slice(0, -end.length) + by;
        decodeFloats(tensors, { weight, scale: name, block, fp8AsQ8 });
        tensors.drop(name);
      } else if (UNUSED.some((ending) => name.endsWith(ending))) {
        tensors.drop(name);
      }
    }
  },
};

interface Floats {
  readonly weight: string;
  readonly scale: string;
  /** Sizes of blocks along the last dimensions. Null: the scale's dimensions are the weight's first ones. */
  readonly block: readonly number[] | null;
  readonly fp8AsQ8: boolean;
}

/** Puts the values of 8-bit floats, or of integers, in their place. */
export function decodeFloats(tensors: PlainTensors, { weight, scale: by, block, fp8AsQ8 }: Floats, kept = 'FP8'): void {
  const codes = tensors.get(weight);
  const shape = shapeOf(codes);
  const scale = tensors.get(by);
  const isBlocks = block !== null && shapeOf(scale).length === shape.length;
  const each = isBlocks ? perElement(scale, shape, block, weight) : broadcast(scale, shape, weight);
  const forced = fp8AsQ8 && shape.length >= 2 ? 'Q8_0' : undefined;
  tensors.set(weight, scaled(codes, each), kept, forced);
}

/** @throws QuantizedTensorError for what is no list of sizes */
function blockOf(value: Json | undefined): readonly number[] | null {
  if (value === undefined || value === null) {
    return null;
  }
  const sizes = Array.isArray(value) ? value.filter((size) => Number.isSafeInteger(size) && Number(size) > 0) : [];
  if (sizes.length === 0 || sizes.length !== (value as Json[]).length || sizes.length > 3) {
    throw new QuantizedTensorError(`weight_block_size in config.json is ${JSON.stringify(value)}.`);
  }
  return sizes as number[];
}

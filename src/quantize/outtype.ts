import { blockSize, type GgmlType } from '../gguf/types.js';
import type { ElementType } from '../tensor/dtype.js';
import type { ForcedType } from '../tensor/expr.js';
import type { OutType } from './file-types.js';

/** A tensor's type and the name of the rule that chose it. */
export interface Choice {
  readonly type: GgmlType;
  readonly why: string;
  /** The recipe's type, if the row length forced another. */
  readonly instead?: GgmlType;
  /** llama-quantize refuses this type for this tensor without importance weights. */
  readonly needsImatrix?: true;
}

/**
 * Tensors that stay float32 whatever `--outtype` says, and the reason. ref-quirk: `prepare_tensors` in
 * conversion/base.py.
 */
const ALWAYS_F32: readonly (readonly [RegExp, string])[] = [
  [/_norm\.weight$/, 'norm'],
  [/^(position_embd|token_types|v\.position_embd|a\.position_embd)\.weight$/, 'positions'],
  [/^blk\.\d+\.(ffn_gate_inp|ffn_gate_inp_shexp|indexer\.proj)\.weight$/, 'router'],
  [/^blk\.\d+\.(ssm_conv1d|ssm_conv1d_[qkv]|shortconv\.conv)\.weight$/, 'convolution'],
  [/^blk\.\d+\.time_mix_(first|w1|w2|decay_w1|decay_w2|lerp_fused)\.weight$/, 'time mixing'],
  [/^blk\.\d+\.altup_(correct|predict)_coef\.weight$/, 'coefficients'],
  [/(?<!\.(weight|lora_a|lora_b))$/, 'no weight matrix'],
];

/**
 * The type that the converter gives a tensor. ref-quirk: `prepare_tensors` in conversion/base.py writes F16 where the
 * row length does not fit the blocks of the type.
 * @param shape outermost dimension first.
 * @param forced the type that the family gives it. A norm, and what has one dimension, is F32 nevertheless.
 */
export function chooseOutType(name: string, shape: readonly number[], outType: OutType, forced?: ForcedType): Choice {
  if (shape.length <= 1) {
    return { type: 'F32', why: 'one dimension' };
  }
  const rule = ALWAYS_F32.find(([pattern]) => pattern.test(name));
  if (forced !== undefined && rule?.[1] !== 'norm') {
    return forcedChoice(forced, shape, outType);
  }
  if (rule) {
    return { type: 'F32', why: rule[1] };
  }
  // ref-quirk: files of ternary weights have float16 where three values are too few.
  if (outType.startsWith('TQ') && NOT_TERNARY.test(name)) {
    return { type: 'F16', why: 'never ternary' };
  }
  if ((shape.at(-1) ?? 1) % blockSize(outType) !== 0) {
    return {
      type: 'F16',
      why: `row length ${shape.at(-1)} is not a multiple of ${blockSize(outType)}`,
      instead: outType,
    };
  }
  return { type: outType, why: '--outtype' };
}

const NOT_TERNARY = /^(token_embd|per_layer_token_embd|output|blk\.\d+\.(altup_router|laurel_[lr]))\.weight$/;

function forcedChoice(forced: ForcedType, shape: readonly number[], outType: OutType): Choice {
  const isFloat = outType === 'F32' || outType === 'F16' || outType === 'BF16';
  const type = forced === 'float' ? (isFloat ? outType : 'F16') : forced === 'outtype' ? outType : forced;
  const fits = (shape.at(-1) ?? 1) % blockSize(type) === 0;
  return { type: fits ? type : 'F16', why: 'the family', ...(fits ? {} : { instead: type }) };
}

/** A tensor's dtype and shape. */
interface Shaped {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
}

/**
 * The type for `--outtype auto`: that of the first tensor of BF16 or F16 with two dimensions or more, else F16.
 * ref-quirk: `ModelBase.__init__` in conversion/base.py.
 */
export function guessOutType(tensors: Iterable<Shaped>): OutType {
  for (const { dtype, shape } of tensors) {
    if (shape.length >= 2 && (dtype === 'BF16' || dtype === 'F16')) {
      return dtype;
    }
  }
  return 'F16';
}

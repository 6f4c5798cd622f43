import type { ArchitectureKeys } from './keys.js';
import type { SizeName } from './sizes.js';

/** Tensor's name → the sizes of its dimensions, the row length first. `{layer}` stands for the number of each block. */
export type WeightTable = Readonly<Record<string, readonly SizeName[]>>;

/** The tensors of an architecture. llama.cpp does not load a file that has others. */
export interface Weights {
  readonly required: WeightTable;
  readonly optional: WeightTable;
}

/**
 * Names of tensors in another layout: queries, keys and values in one tensor, and scales of NVFP4. A file with such
 * tensors is not checked.
 */
export const OTHER_LAYOUT = /^blk\.\d+\.attn_qkv\.|\.(input_)?scale$/;

/** The tensors of every decoder with attention and a feed-forward network. */
export const DECODER: WeightTable = {
  'token_embd.weight': ['embedding', 'vocabulary'],
  'output_norm.weight': ['embedding'],
  'blk.{layer}.attn_norm.weight': ['embedding'],
  'blk.{layer}.attn_q.weight': ['embedding', 'queries'],
  'blk.{layer}.attn_k.weight': ['embedding', 'keys'],
  'blk.{layer}.attn_v.weight': ['embedding', 'values'],
  'blk.{layer}.attn_output.weight': ['queries', 'embedding'],
  'blk.{layer}.ffn_norm.weight': ['embedding'],
};

export const GATED_FEED_FORWARD: WeightTable = {
  'blk.{layer}.ffn_gate.weight': ['embedding', 'feedForward'],
  'blk.{layer}.ffn_up.weight': ['embedding', 'feedForward'],
  'blk.{layer}.ffn_down.weight': ['feedForward', 'embedding'],
};

/** The output's matrix. Without it, the embedding is used. */
export const OUTPUT: WeightTable = { 'output.weight': ['embedding', 'vocabulary'] };

const HEAD_BIASES: WeightTable = {
  'blk.{layer}.attn_q.bias': ['queries'],
  'blk.{layer}.attn_k.bias': ['keys'],
  'blk.{layer}.attn_v.bias': ['values'],
};

const EXPERTS: Weights = {
  required: {
    'blk.{layer}.ffn_gate_inp.weight': ['embedding', 'experts'],
    'blk.{layer}.ffn_up_exps.weight': ['embedding', 'feedForward', 'experts'],
    'blk.{layer}.ffn_down_exps.weight': ['feedForward', 'embedding', 'experts'],
  },
  optional: { 'blk.{layer}.ffn_gate_exps.weight': ['embedding', 'feedForward', 'experts'] },
};

const FEED_FORWARD: Weights = {
  required: GATED_FEED_FORWARD,
  optional: {
    'blk.{layer}.ffn_gate.bias': ['feedForward'],
    'blk.{layer}.ffn_up.bias': ['feedForward'],
    'blk.{layer}.ffn_down.bias': ['embedding'],
  },
};
const LONG_ROPE: WeightTable = { 'rope_factors_long.weight': ['pairs'], 'rope_factors_short.weight': ['pairs'] };
const ROPE: WeightTable = { 'rope_freqs.weight': ['pairs'] };

/** The tensors of Llama (src/models/llama.cpp) and Mistral 3. */
export function llamaWeights(keys: ArchitectureKeys): Weights {
  const forward = keys.countOrNone('expert_count') > 0 ? EXPERTS : FEED_FORWARD;
  const rope = keys.text('rope.scaling.type', 'linear') === 'longrope' ? LONG_ROPE : ROPE;
  return {
    required: { ...DECODER, ...forward.required },
    optional: {
      ...{ ...OUTPUT, ...HEAD_BIASES, 'blk.{layer}.attn_output.bias': ['embedding'] },
      ...{ ...forward.optional, ...rope },
    },
  };
}

/** The tensors of a decoder with biases for queries, keys and values (src/models/smollm3.cpp). */
export const BIASED_WEIGHTS: Weights = {
  required: { ...DECODER, ...GATED_FEED_FORWARD },
  optional: { ...OUTPUT, ...HEAD_BIASES },
};

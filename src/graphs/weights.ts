import type { ArchitectureKeys } from './keys.js';
import type { SizeName } from './sizes.js';

/** Tensors and the sizes of their dimensions, a row's length first. `{layer}` stands for the number of each block. */
export type WeightTable = Readonly<Record<string, readonly SizeName[]>>;

/** The tensors that llama.cpp looks for in an architecture's file; it loads none that has others. */
export interface Weights {
  readonly required: WeightTable;
  readonly optional: WeightTable;
}

/** Queries, keys and values in one tensor, and the scales of NVFP4: a file that has them is not compared. */
export const OTHER_LAYOUT = /^blk\.\d+\.attn_qkv\.|\.(input_)?scale$/;

/** What all decoders have that attend and feed forward. */
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

/** Without it, the embedding is the output's matrix. */
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

/** Llama's (src/models/llama.cpp), which Mistral 3's are too. */
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

/** A decoder's with biases of queries, keys and values (src/models/smollm3.cpp). */
export const BIASED_WEIGHTS: Weights = {
  required: { ...DECODER, ...GATED_FEED_FORWARD },
  optional: { ...OUTPUT, ...HEAD_BIASES },
};

import type { ArchitectureGraph } from './architecture.js';
import { attend, decoder, gatedFeedForward, headNorms, queriesKeysValues, rotate } from './decoder.js';
import { ropeOf } from './rope.js';
import { BIASED_WEIGHTS, type Weights } from './weights.js';

const WEIGHTS: Weights = {
  required: {
    ...BIASED_WEIGHTS.required,
    'blk.{layer}.attn_k.weight': ['embedding', 'values'],
    'blk.{layer}.attn_q_norm.weight': ['head'],
    'blk.{layer}.attn_k_norm.weight': ['head'],
  },
  optional: {
    ...BIASED_WEIGHTS.optional,
    'blk.{layer}.attn_k.bias': ['values'],
    // The tensors of a reranker.
    'cls.output.weight': ['embedding', 'classes'],
  },
};

/** Qwen 3 (src/models/qwen3.cpp): Qwen 2, with a norm of each head of the queries and keys. */
export const qwen3: ArchitectureGraph = {
  architecture: 'qwen3',
  reads: ['attention.layer_norm_rms_epsilon'],
  weights: () => WEIGHTS,
  build: decoder({
    block: (block) => [
      ...queriesKeysValues(block),
      ...headNorms(block),
      ...rotate(block, ropeOf(block.keys, 'halves')),
      ...attend(block),
      ...gatedFeedForward(block),
    ],
  }),
};

import type { ArchitectureGraph } from './architecture.js';
import { attend, decoder, gatedFeedForward, queriesKeysValues, rotate } from './decoder.js';
import { ropeOf } from './rope.js';
import { BIASED_WEIGHTS, type Weights } from './weights.js';

/** The queries are as wide as the embedding, whatever key gives a head's length. */
const WEIGHTS: Weights = {
  required: {
    ...BIASED_WEIGHTS.required,
    'blk.{layer}.attn_q.weight': ['embedding', 'embedding'],
    'blk.{layer}.attn_k.weight': ['embedding', 'values'],
    'blk.{layer}.attn_output.weight': ['embedding', 'embedding'],
  },
  optional: {
    ...BIASED_WEIGHTS.optional,
    'blk.{layer}.attn_q.bias': ['embedding'],
    'blk.{layer}.attn_k.bias': ['values'],
    'output.bias': ['vocabulary'],
  },
};

/** Qwen 2 and 2.5 (src/models/qwen2.cpp). */
export const qwen2: ArchitectureGraph = {
  architecture: 'qwen2',
  reads: ['attention.layer_norm_rms_epsilon'],
  weights: () => WEIGHTS,
  build: decoder({
    block: (block) => [
      ...queriesKeysValues(block),
      ...rotate(block, ropeOf(block.keys, 'halves')),
      ...attend(block),
      ...gatedFeedForward(block),
    ],
  }),
};

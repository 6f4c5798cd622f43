import type { ArchitectureGraph } from './architecture.js';
import { attend, decoder, gatedFeedForward, queriesKeysValues, rotate } from './decoder.js';
import { ropeOf } from './rope.js';
import { llamaWeights } from './weights.js';

/** Llama 1 to 3, Mistral, and others with the same graph (src/models/llama.cpp). */
export const llama: ArchitectureGraph = {
  architecture: 'llama',
  reads: ['vocab_size', 'attention.layer_norm_rms_epsilon'],
  weights: llamaWeights,
  build: decoder({
    block: (block) => [
      ...queriesKeysValues(block),
      ...rotate(block, ropeOf(block.keys, 'adjacent')),
      ...attend(block),
      ...gatedFeedForward(block),
    ],
  }),
};

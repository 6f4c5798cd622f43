import { type ArchitectureGraph, attend, gatedFeedForward, headNorms, queriesKeysValues, rotate } from './decoder.js';
import { ropeOf } from './rope.js';

/** Qwen 3 (src/models/qwen3.cpp): Qwen 2, with norms of each query's and key's head. */
export const qwen3: ArchitectureGraph = {
  architecture: 'qwen3',
  block: (block) => [
    ...queriesKeysValues(block),
    ...headNorms(block),
    ...rotate(block, ropeOf(block.keys, 'halves')),
    ...attend(block),
    ...gatedFeedForward(block),
  ],
};

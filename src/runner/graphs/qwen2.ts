import { type ArchitectureGraph, attend, gatedFeedForward, queriesKeysValues, rotate } from './decoder.js';
import { ropeOf } from './rope.js';

/** Qwen 2 and 2.5 (src/models/qwen2.cpp). */
export const qwen2: ArchitectureGraph = {
  architecture: 'qwen2',
  block: (block) => [
    ...queriesKeysValues(block),
    ...rotate(block, ropeOf(block.keys, 'halves')),
    ...attend(block),
    ...gatedFeedForward(block),
  ],
};

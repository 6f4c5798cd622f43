import type { ArchitectureGraph } from './architecture.js';
import { attend, type Block, decoder, gatedFeedForward, queriesKeysValues, rotate } from './decoder.js';
import type { GraphOperator } from './operators/table.js';
import { originalContext, ropeOf } from './rope.js';
import { llamaWeights } from './weights.js';

/** Mistral 3 and Ministral 3 (src/models/mistral3.cpp): Llama, with queries that are scaled by their position. */
export const mistral3: ArchitectureGraph = {
  architecture: 'mistral3',
  reads: [
    ...['attention.layer_norm_rms_epsilon', 'attention.temperature_scale', 'rope.scaling.yarn_log_multiplier'],
    ...['rope.scaling.yarn_beta_fast', 'rope.scaling.yarn_beta_slow'],
  ],
  weights: llamaWeights,
  build: decoder({
    block: (block) => [
      ...queriesKeysValues(block),
      ...rotate(block, ropeOf(block.keys, 'adjacent')),
      ...temperature(block),
      ...attend(block),
      ...gatedFeedForward(block),
    ],
  }),
};

function temperature({ keys }: Block): GraphOperator[] {
  const scale = keys.number('attention.temperature_scale', 0);
  const operator = { op: 'scale-by-position', value: 'query', scale, floor: originalContext(keys), offset: 0 } as const;
  return scale === 0 ? [] : [operator];
}

import type { ArchitectureGraph } from './architecture.js';
import { attend, decoder, gatedFeedForward, queriesKeysValues, rotate } from './decoder.js';
import { ropeOf } from './rope.js';
import { BIASED_WEIGHTS } from './weights.js';

/** Every fourth block has no rotary embedding; no key says so (n_no_rope_layer_step in src/models/smollm3.cpp). */
const NO_ROPE_STEP = 4;

/** SmolLM 3. */
export const smollm3: ArchitectureGraph = {
  architecture: 'smollm3',
  reads: ['attention.layer_norm_rms_epsilon'],
  weights: () => BIASED_WEIGHTS,
  build: decoder({
    block: (block) => [
      ...queriesKeysValues(block),
      ...((block.layer + 1) % NO_ROPE_STEP === 0 ? [] : rotate(block, ropeOf(block.keys, 'adjacent'))),
      ...attend(block),
      ...gatedFeedForward(block),
    ],
  }),
};

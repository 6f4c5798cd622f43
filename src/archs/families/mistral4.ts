import type { Architecture } from '../architecture.js';
import { tied } from '../rules.js';
import { named } from '../tensor-names.js';
import { DEEPSEEK2, DEEPSEEK2_KEYS, DEEPSEEK2_TENSORS, KV_B, MLA } from './deepseek.js';
import { mistral3 } from './mistral3.js';

/** DeepSeek V2's layers. The gates of all experts of a block are in one tensor with their up projections. */
export const mistral4 = {
  ...DEEPSEEK2,
  classes: mistral3.classes,
  when: { field: 'model_type', is: 'mistral4' },
  gguf: 'mistral4',
  example: 'mistralai/Mistral-Small-4-119B-2603',
  keys: DEEPSEEK2_KEYS,
  tensors: [
    ...named(`${DEEPSEEK2_TENSORS} ${MLA}`),
    ...tied('output', 'lm_head.weight', 'model.lm_head.weight'),
    ...KV_B,
    ...['gate_up', 'down'].map((name) => ({
      from: [`{L}.mlp.experts.${name}_proj`, `{L}.mlp.experts.${name}_proj.weight`],
      to: `blk.{b}.ffn_${name}_exps.weight`,
    })),
  ],
  unproven: true,
} as const satisfies Architecture;

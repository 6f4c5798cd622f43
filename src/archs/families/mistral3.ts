import type { Architecture, Condition } from '../architecture.js';
import { LLAMA_KEYS, llama } from './llama.js';

const MINISTRAL: Condition = { field: 'model_type', is: 'ministral3' };

/** Mistral 3, 3.1, 3.2 and Ministral 3: Llama, with Ministral's attention temperature. */
export const mistral3 = {
  ...llama,
  classes: ['Ministral3ForCausalLM', 'Mistral3ForConditionalGeneration'],
  when: { not: { field: 'model_type', is: 'mistral4' } },
  gguf: 'mistral3',
  example: 'mistralai/Ministral-3-3B-Instruct-2512',
  keys: [
    ...LLAMA_KEYS,
    ['{arch}.rope.scaling.yarn_log_multiplier', 'f32', { derive: 'ministral3_yarn_multiplier' }, MINISTRAL],
    [
      '{arch}.attention.temperature_scale',
      'f32',
      { fields: ['llama_4_scaling_beta'], of: 'rope_root', required: true },
      MINISTRAL,
    ],
  ],
} as const satisfies Architecture;

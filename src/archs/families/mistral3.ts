import type { Architecture, Condition, KeyRow, Value } from '../architecture.js';
import { DENSE } from '../rules.js';
import { named } from '../tensor-names.js';
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

const YARN: Condition = { set: { fields: ['yarn'] } };
const yarn = (key: string, type: 'u32' | 'f32', name: string): KeyRow => [
  `{arch}.rope.scaling.${key}`,
  type,
  { fields: [name], of: ['yarn'], required: true },
  YARN,
];
const SCALES: Value = { fields: ['apply_scale'], of: ['yarn'], required: true };
const SCALED_ATTENTION: Condition = { field: 'llama_4_scaling', exists: true };

/** YaRN and the temperature of attention, as Mistral's own format has them. */
export const MISTRAL_FORMAT_KEYS: readonly KeyRow[] = [
  ['{arch}.rope.scaling.type', 'string', { value: 'yarn' }, YARN],
  yarn('factor', 'f32', 'factor'),
  yarn('yarn_beta_fast', 'f32', 'beta'),
  yarn('yarn_beta_slow', 'f32', 'alpha'),
  ['{arch}.rope.scaling.yarn_log_multiplier', 'f32', { value: 0 }, { all: [YARN, { set: SCALES }] }],
  ['{arch}.rope.scaling.yarn_log_multiplier', 'f32', { value: 1 }, { all: [YARN, { not: { set: SCALES } }] }],
  yarn('original_context_length', 'u32', 'original_max_position_embeddings'),
  ['{arch}.attention.temperature_scale', 'f32', { fields: ['beta'], of: ['llama_4_scaling'] }],
];

/** Models in Mistral's own format, whose queries and keys are as llama.cpp wants them. */
export const mistralFormat = {
  ...llama,
  classes: ['MistralModel'],
  when: { not: SCALED_ATTENTION },
  example: 'mistralai/Mistral-7B-Instruct-v0.3',
  keys: [...LLAMA_KEYS.filter(([key]) => key !== '{arch}.vocab_size'), ...MISTRAL_FORMAT_KEYS],
  tensors: named(DENSE),
  tokenizer: { kinds: ['mistral'] },
  unproven: true,
} as const satisfies Architecture;

export const mistral3Format = {
  ...mistralFormat,
  when: SCALED_ATTENTION,
  gguf: 'mistral3',
  example: 'mistralai/Ministral-3-3B-Instruct-2512',
} as const satisfies Architecture;

import type { Architecture } from '../architecture.js';
import { experts, tied } from '../rules.js';
import { named } from '../tensor-names.js';
import { DEEPSEEK2, DEEPSEEK2_KEYS, DEEPSEEK2_TENSORS, KV_B, MLA } from './deepseek.js';
import { MISTRAL_FORMAT_KEYS, mistral3 } from './mistral3.js';

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

/** Mistral's mixtures of experts in its own format: DeepSeek V2's layers under the names of params.json and its weights. */
export const mistralMoe = {
  ...DEEPSEEK2,
  classes: ['MistralMoeModel'],
  example: 'mistralai/Mistral-Large-3-675B-Instruct-2512',
  keys: [
    ...DEEPSEEK2_KEYS,
    ...MISTRAL_FORMAT_KEYS,
    [
      '{arch}.attention.temperature_length',
      'u32',
      { fields: ['original_max_position_embeddings'], of: ['yarn'], required: true },
    ],
    ['{arch}.rope.scaling.yarn_log_multiplier', 'f32', { value: 0.1 }],
  ],
  rename: [['.wkv_b.', '.kv_b_proj.']],
  tensors: [
    ...named(`${DEEPSEEK2_TENSORS} ${MLA} output`),
    ...KV_B.map((rule) => ({ ...rule, from: ['{L}.attention.kv_b_proj.weight'] })),
    ...experts('experts.{x}.{p}', [
      ['w2', 'ffn_down_exps'],
      ['w1', 'ffn_gate_exps'],
      ['w3', 'ffn_up_exps'],
    ]),
  ],
  tokenizer: { kinds: ['mistral'] },
  unproven: true,
} as const satisfies Architecture;

import type { Architecture, Condition, KeyRow, Value } from '../architecture.js';
import { DENSE, experts, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, TEXT_KEYS } from '../text-keys.js';

/** Grok 2 says `original`, and means YaRN. */
const IS_YARN: Condition = { field: 'rope_type', is: ['yarn', 'original'] };
const yarn = (key: string, name: string, type: 'f32' | 'u32' = 'f32'): KeyRow => [
  `{arch}.rope.scaling.${key}`,
  type,
  { fields: [name], required: true },
  IS_YARN,
];
const whereSet = (key: string, type: 'f32' | 'u32', name: string): KeyRow => [
  `{arch}.${key}`,
  type,
  fields(name),
  { set: fields(name) },
];
const INVERSE_ROOT: Value = { math: 'pow', of: [{ derive: 'head_dim' }, { value: -0.5 }] };

export const grok = {
  ...TEXT_MODEL,
  classes: ['GrokForCausalLM', 'Grok1ForCausalLM'],
  gguf: 'grok',
  example: 'keyfan/grok-1-hf',
  keys: [
    ...TEXT_KEYS,
    ['{arch}.attn_logit_softcapping', 'f32', { fields: ['attn_logit_softcapping'], or: 30 }],
    ['{arch}.router_logit_softcapping', 'f32', { fields: ['router_logit_softcapping'], or: 30 }],
    whereSet('final_logit_softcapping', 'f32', 'final_logit_softcapping'),
    ['{arch}.expert_feed_forward_length', 'u32', fields('moe_intermediate_size')],
    ['{arch}.rope.scaling.type', 'string', { value: 'yarn' }, IS_YARN],
    yarn('factor', 'scaling_factor'),
    yarn('original_context_length', 'original_max_position_embeddings', 'u32'),
    yarn('yarn_ext_factor', 'extrapolation_factor'),
    yarn('yarn_attn_factor', 'attn_factor'),
    yarn('yarn_beta_fast', 'beta_fast'),
    yarn('yarn_beta_slow', 'beta_slow'),
    whereSet('attention.temperature_length', 'u32', 'attn_temperature_len'),
    ['{arch}.attention.output_scale', 'f32', { first: [fields('attn_output_multiplier'), INVERSE_ROOT] }],
    ['{arch}.embedding_scale', 'f32', { fields: ['embedding_multiplier_scale'], required: true }],
    ['{arch}.logit_scale', 'f32', { fields: ['output_multiplier_scale'], required: true }],
  ],
  tensors: [
    ...named(`${DENSE} ffn_gate_inp attn_output_norm layer_output_norm post_ffw_norm`),
    ...experts('moe.{x}.{p}', [
      ['linear', 'ffn_gate_exps'],
      ['linear_1', 'ffn_down_exps'],
      ['linear_v', 'ffn_up_exps'],
    ]),
    ...experts('block_sparse_moe.experts.{x}.{p}', [
      ['w1', 'ffn_gate_exps'],
      ['w2', 'ffn_down_exps'],
      ['w3', 'ffn_up_exps'],
    ]).map((rule) => ({ ...rule, group: 'experts of Grok 2' })),
  ],
  tokenizer: { kinds: ['sentencepiece', 'bpe'] },
} as const satisfies Architecture;

import type { Architecture } from '../architecture.js';
import { DENSE, DOWN_GATE_UP, experts, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, LAYER_WINDOWS, TEXT_KEYS } from '../text-keys.js';

/** Its norms have no weights. */
export const olmo = {
  ...TEXT_MODEL,
  classes: ['OlmoForCausalLM', 'OLMoForCausalLM'],
  gguf: 'olmo',
  example: 'allenai/OLMo-1.7-7B-hf',
  keys: [
    ...TEXT_KEYS,
    ['{arch}.attention.layer_norm_epsilon', 'f32', { value: 1e-5 }],
    ['{arch}.attention.clamp_kqv', 'f32', fields('clip_qkv')],
  ],
  tensors: named('token_embd output attn_q attn_k attn_v attn_output ffn_gate ffn_up ffn_down', {
    'attn_q.weight': [['rotary', 'head_count']],
    'attn_k.weight': [['rotary', 'kv_head_count']],
  }),
} as const satisfies Architecture;

const AFTER =
  'token_embd output_norm output attn_q attn_k attn_v attn_output ffn_gate ffn_up ffn_down ' +
  'post_attention_norm post_ffw_norm attn_q_norm attn_k_norm';

/** OLMo 2, and OLMo 3 with windows in all but every fourth layer. Norms stand behind attention and feed-forward. */
export const olmo2 = {
  ...TEXT_MODEL,
  classes: ['Olmo2ForCausalLM', 'Olmo3ForCausalLM'],
  gguf: 'olmo2',
  example: 'allenai/OLMo-2-1124-7B-Instruct',
  keys: [
    ...TEXT_KEYS,
    ['{arch}.attention.sliding_window', 'u32', fields('sliding_window')],
    [
      '{arch}.attention.sliding_window_pattern',
      'bool[]',
      {
        first: [
          LAYER_WINDOWS[2],
          { layers: { every: { value: 4 }, after: 1 }, yes: { value: false }, no: { value: true } },
        ],
      },
      { field: 'sliding_window', exists: true },
    ],
  ],
  tensors: named(AFTER),
} as const satisfies Architecture;

export const olmoe = {
  ...TEXT_MODEL,
  classes: ['OlmoeForCausalLM'],
  gguf: 'olmoe',
  example: 'allenai/OLMoE-1B-7B-0924',
  keys: [...TEXT_KEYS, ['{arch}.attention.layer_norm_rms_epsilon', 'f32', { value: 1e-5 }]],
  tensors: [...named(`${DENSE} ffn_gate_inp attn_q_norm attn_k_norm`), ...experts('mlp.experts.{x}.{p}', DOWN_GATE_UP)],
} as const satisfies Architecture;

export const seedOss = {
  ...TEXT_MODEL,
  classes: ['SeedOssForCausalLM'],
  gguf: 'seed_oss',
  example: 'ByteDance-Seed/Seed-OSS-36B-Instruct',
  keys: TEXT_KEYS,
  tensors: named(`${DENSE} post_attention_norm`),
} as const satisfies Architecture;

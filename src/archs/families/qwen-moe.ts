import type { Architecture, KeyRow } from '../architecture.js';
import { DENSE, DOWN_GATE_UP, experts, stackedExperts, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { TEXT_KEYS } from '../text-keys.js';
import { INTERN_S1, INTERN_S1_TOKENIZER } from './qwen3.js';

export const QWEN_MOE_KEYS: readonly KeyRow[] = [
  ...TEXT_KEYS,
  ['{arch}.expert_feed_forward_length', 'u32', { fields: ['moe_intermediate_size'] }],
  ['{arch}.expert_shared_feed_forward_length', 'u32', { fields: ['shared_expert_intermediate_size'] }],
];

export const QWEN_EXPERTS = [...experts('mlp.experts.{x}.{p}', DOWN_GATE_UP), ...stackedExperts('mlp.experts')];

export const qwen2moe = {
  ...TEXT_MODEL,
  classes: ['Qwen2MoeForCausalLM'],
  gguf: 'qwen2moe',
  example: 'Qwen/Qwen1.5-MoE-A2.7B',
  keys: QWEN_MOE_KEYS,
  tensors: [
    ...named(`${DENSE} ffn_gate_inp ffn_gate_inp_shexp ffn_gate_shexp ffn_up_shexp ffn_down_shexp`),
    ...QWEN_EXPERTS,
  ],
} as const satisfies Architecture;

export const qwen3moe = {
  ...qwen2moe,
  classes: ['Qwen3MoeForCausalLM'],
  when: { not: INTERN_S1 },
  gguf: 'qwen3moe',
  example: 'Qwen/Qwen3-30B-A3B',
  tensors: [...named(`${DENSE} ffn_gate_inp attn_q_norm attn_k_norm`), ...QWEN_EXPERTS],
} as const satisfies Architecture;

export const qwen3moeInternS1 = {
  ...qwen3moe,
  when: INTERN_S1,
  example: 'internlm/Intern-S1',
  tokenizer: INTERN_S1_TOKENIZER,
  unproven: true,
} as const satisfies Architecture;

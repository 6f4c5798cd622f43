import type { Architecture } from '../architecture.js';
import { DENSE, DOWN_GATE_UP, experts, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, TEXT_KEYS } from '../text-keys.js';

/** Two experts of a group share a small one. */
export const grovemoe = {
  ...TEXT_MODEL,
  classes: ['GroveMoeForCausalLM', 'modeling_grove_moe.GroveMoeForCausalLM'],
  gguf: 'grovemoe',
  example: 'inclusionAI/GroveMoE-Inst',
  keys: [
    ...TEXT_KEYS,
    ['{arch}.expert_feed_forward_length', 'u32', fields('moe_intermediate_size')],
    ['{arch}.expert_chunk_feed_forward_length', 'u32', { fields: ['head_dim'], or: 128 }],
    ['{arch}.experts_per_group', 'u32', { value: 2 }],
    ['{arch}.expert_group_scale', 'f32', { value: 0.05 }],
  ],
  drop: [...TEXT_MODEL.drop, '*.expert_bias'],
  tensors: [
    ...named(`${DENSE} ffn_gate_inp attn_q_norm attn_k_norm`),
    ...experts('mlp.experts.{x}.{p}', DOWN_GATE_UP),
    ...experts(
      'mlp.chunk_experts.{x}.{p}',
      DOWN_GATE_UP.map(([projection, to]) => [projection, to.replace('exps', 'chexps')]),
    ).map((rule) => ({ ...rule, each: 'expert_pair_count', group: 'chunk experts' }) as const),
  ],
} as const satisfies Architecture;

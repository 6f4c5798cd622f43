import type { Architecture } from '../architecture.js';
import { DENSE, experts, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, TEXT_KEYS } from '../text-keys.js';

const SIZE = fields('moe_ffn_hidden_size');
const SOFTMAX = { set: fields('moe_primary_router_apply_softmax') };

export const smallthinker = {
  ...TEXT_MODEL,
  classes: ['SmallThinkerForCausalLM'],
  gguf: 'smallthinker',
  example: 'PowerInfer/SmallThinker-4BA0.6B-Instruct',
  keys: [
    ...TEXT_KEYS,
    ['{arch}.expert_count', 'u32', fields('moe_num_primary_experts')],
    ['{arch}.expert_used_count', 'u32', fields('moe_num_active_primary_experts')],
    ['{arch}.expert_feed_forward_length', 'u32', SIZE],
    ['{arch}.feed_forward_length', 'u32', SIZE],
    ['{arch}.expert_gating_func', 'u32', { value: 1 }, SOFTMAX],
    ['{arch}.expert_gating_func', 'u32', { value: 2 }, { not: SOFTMAX }],
    ['{arch}.attention.sliding_window', 'u32', { derive: 'smallthinker_window' }],
  ],
  tensors: [
    ...named(`${DENSE} ffn_gate_inp`),
    ...experts('block_sparse_moe.experts.{x}.{p}', [
      ['down', 'ffn_down_exps'],
      ['gate', 'ffn_gate_exps'],
      ['up', 'ffn_up_exps'],
    ]),
  ],
} as const satisfies Architecture;

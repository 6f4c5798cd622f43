import type { Architecture } from '../architecture.js';
import { DENSE, experts, GATE_UP_DOWN } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields } from '../text-keys.js';
import { LLAMA_KEYS, llama } from './llama.js';

export const afmoe = {
  ...llama,
  classes: ['AfmoeForCausalLM'],
  gguf: 'afmoe',
  example: 'arcee-ai/Trinity-Large-Thinking',
  keys: [
    ...LLAMA_KEYS,
    ['{arch}.expert_shared_count', 'u32', fields('num_shared_experts')],
    ['{arch}.expert_feed_forward_length', 'u32', fields('moe_intermediate_size')],
    ['{arch}.leading_dense_block_count', 'u32', fields('num_dense_layers')],
    ['{arch}.expert_weights_norm', 'bool', fields('route_norm')],
    ['{arch}.expert_weights_scale', 'f32', fields('route_scale')],
    ['{arch}.attention.sliding_window', 'u32', fields('sliding_window')],
  ],
  tensors: [
    ...named(
      `${DENSE} attn_gate post_attention_norm post_ffw_norm ffn_gate_inp ffn_gate_shexp ffn_up_shexp ffn_down_shexp ` +
        'attn_q_norm attn_k_norm',
    ),
    { from: ['{L}.mlp.expert_bias'], to: 'blk.{b}.exp_probs_b.bias' },
    ...experts('mlp.experts.{x}.{p}', GATE_UP_DOWN),
  ],
} as const satisfies Architecture;

import type { Architecture } from '../architecture.js';
import { DENSE, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { needed } from '../text-keys.js';
import { QWEN_EXPERTS, QWEN_MOE_KEYS } from './qwen-moe.js';

export const dots1 = {
  ...TEXT_MODEL,
  classes: ['Dots1ForCausalLM'],
  gguf: 'dots1',
  example: 'rednote-hilab/dots.llm1.inst',
  keys: [
    ...QWEN_MOE_KEYS,
    needed('leading_dense_block_count', 'u32', 'first_k_dense_replace'),
    needed('expert_shared_count', 'u32', 'n_shared_experts'),
    needed('expert_weights_scale', 'f32', 'routed_scaling_factor'),
    needed('expert_weights_norm', 'bool', 'norm_topk_prob'),
  ],
  tensors: [
    ...named(`${DENSE} ffn_gate_inp exp_probs_b ffn_gate_shexp ffn_up_shexp ffn_down_shexp attn_q_norm attn_k_norm`),
    ...QWEN_EXPERTS,
  ],
  unproven: true,
} as const satisfies Architecture;

import type { Architecture, KeyRow } from '../architecture.js';
import { DENSE, DOWN_GATE_UP, experts, NEXTN, NEXTN_KEY, NEXTN_TENSORS, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, rotaryDimensions, TEXT_KEYS } from '../text-keys.js';

/** The roles of GLM's tokens. With `<|endoftext|>` for the end of a turn, models of the family don't end. */
export const GLM_TOKENIZER = {
  kinds: ['bpe'],
  roles: { bos: '[gMASK]', eot: '<|user|>', unk: '<|endoftext|>', eom: '<|observation|>' },
} as const;

const GLM_MOE_KEYS: readonly KeyRow[] = [
  ...TEXT_KEYS,
  rotaryDimensions({ derive: 'head_dim' }, 0.5),
  ['{arch}.expert_count', 'u32', fields('n_routed_experts')],
  ['{arch}.expert_feed_forward_length', 'u32', fields('moe_intermediate_size')],
  ['{arch}.expert_shared_count', 'u32', fields('n_shared_experts')],
  ['{arch}.leading_dense_block_count', 'u32', fields('first_k_dense_replace')],
  ['{arch}.expert_gating_func', 'u32', { value: 2 }],
  ['{arch}.expert_weights_scale', 'f32', fields('routed_scaling_factor')],
  ['{arch}.expert_weights_norm', 'bool', fields('norm_topk_prob')],
  NEXTN_KEY,
];

/** GLM 4.5 to 4.7, and their vision models' text models. */
export const glm4moe = {
  ...TEXT_MODEL,
  classes: ['Glm4MoeForCausalLM', 'Glm4vMoeForConditionalGeneration'],
  gguf: 'glm4moe',
  example: 'zai-org/GLM-4.5-Air',
  keys: GLM_MOE_KEYS,
  tensors: [
    ...named(
      `${DENSE} post_attention_norm ffn_gate_inp exp_probs_b ffn_gate_shexp ffn_up_shexp ffn_down_shexp ` +
        `attn_q_norm attn_k_norm ${NEXTN_TENSORS}`,
    ),
    ...experts('mlp.experts.{x}.{p}', DOWN_GATE_UP),
  ],
  mtp: NEXTN,
  tokenizer: GLM_TOKENIZER,
} as const satisfies Architecture;

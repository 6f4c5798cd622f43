import type { Architecture, KeyRow } from '../architecture.js';
import { DENSE, DOWN_GATE_UP, experts, NEXTN, NEXTN_IF_ANY, NEXTN_KEY, NEXTN_TENSORS, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, required, rotaryDimensions, TEXT_KEYS } from '../text-keys.js';
import { DEEPSEEK2, DEEPSEEK2_KEYS, deepseek2Tensors, INDEXER, INDEXER_KEYS, KV_B, MLA } from './deepseek.js';

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

/** Its blocks for multi-token prediction are always part of it. */
export const solarOpen = {
  ...glm4moe,
  classes: ['SolarOpenForCausalLM'],
  example: 'upstage/Solar-Open-100B',
  mtp: { blocks: NEXTN.blocks },
  tokenizer: {
    kinds: ['bpe'],
    roles: { eos: '<|endoftext|>', eot: '<|endoftext|>', unk: '<unk>', bos: '<|startoftext|>' },
  },
} as const satisfies Architecture;

/** GLM 4.7 Flash, with DeepSeek's attention. */
export const glm4moelite = {
  ...DEEPSEEK2,
  classes: ['Glm4MoeLiteForCausalLM'],
  example: 'zai-org/GLM-4.7-Flash',
  keys: [...DEEPSEEK2_KEYS, NEXTN_IF_ANY],
  tensors: [...deepseek2Tensors(`${MLA} ${NEXTN_TENSORS}`), ...KV_B],
  mtp: NEXTN,
  tokenizer: GLM_TOKENIZER,
} as const satisfies Architecture;

/** GLM 5, with the attention of DeepSeek V3.2. */
export const glmdsa = {
  ...DEEPSEEK2,
  classes: ['GlmMoeDsaForCausalLM'],
  gguf: 'glm-dsa',
  example: 'zai-org/GLM-5.2',
  keys: [
    ...DEEPSEEK2_KEYS,
    rotaryDimensions(required('qk_rope_head_dim'), 1),
    NEXTN_KEY,
    ...INDEXER_KEYS,
    ['{arch}.attention.indexer.types', 'bool[]', { layers: { list: fields('indexer_types'), is: 'full' } }],
  ],
  tensors: [...deepseek2Tensors(`${MLA} ${INDEXER} ${NEXTN_TENSORS}`), ...KV_B],
  mtp: { ...NEXTN, plainName: true },
  tokenizer: GLM_TOKENIZER,
} as const satisfies Architecture;

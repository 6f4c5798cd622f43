import type { Architecture, Condition, Transform, Value } from '../architecture.js';
import {
  DENSE,
  DOWN_GATE_UP,
  experts,
  given,
  NEXTN,
  NEXTN_IF_ANY,
  NEXTN_KEY,
  NEXTN_TENSORS,
  TEXT_MODEL,
} from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, keyRows, required, rotaryDimensions, TEXT_KEYS } from '../text-keys.js';
import { DEEPSEEK2, DEEPSEEK2_KEYS, deepseek2Tensors, INDEXER, INDEXER_KEYS, KV_B, MLA } from './deepseek.js';

const HEAD: Value = { derive: 'head_dim' };
const [, , ROTATED] = rotaryDimensions(HEAD, 0.5);

/** llama.cpp rotates for images with the halves of the rotated dimensions apart; those of GLM are interleaved. */
const FOR_IMAGES: readonly Transform[] = [['halves', 'head_dim', ROTATED]];
const SEES: Condition = { set: { fields: ['mrope_section'], of: 'rope_root' } };

/** GLM 4 since 0414, and the text models of GLM 4V. */
export const glm4 = {
  ...TEXT_MODEL,
  classes: ['Glm4ForCausalLM', 'Glm4vForConditionalGeneration'],
  gguf: 'glm4',
  example: 'zai-org/GLM-4-9B-0414',
  keys: [...TEXT_KEYS, rotaryDimensions(HEAD, 0.5)],
  tensors: [
    ...named('token_embd output_norm output attn_norm attn_v attn_output post_attention_norm ffn_norm post_ffw_norm'),
    ...named(`ffn_up ffn_down ${NEXTN_TENSORS}`),
    ...given({ not: SEES }, named('attn_q attn_k')),
    ...given(SEES, named('attn_q attn_k', { attn_q: FOR_IMAGES, attn_k: FOR_IMAGES })),
  ],
  tokenizer: {
    kinds: ['bpe'],
    roles: { eos: '<|endoftext|>', eot: '<|user|>', unk: '<|endoftext|>', bos: '<|endoftext|>' },
  },
} as const satisfies Architecture;

/** GLM-OCR: GLM 4 with a block for multi-token prediction that is always part of it. */
export const glmOcr = {
  ...glm4,
  classes: ['GlmOcrForConditionalGeneration'],
  example: 'zai-org/GLM-OCR',
  keys: [...glm4.keys, NEXTN_KEY],
  mtp: { blocks: NEXTN.blocks },
} as const satisfies Architecture;

/** The roles of GLM's tokens. With `<|endoftext|>` for the end of a turn, models of the family don't end. */
const TOKENIZER = {
  kinds: ['bpe'],
  roles: { bos: '[gMASK]', eot: '<|user|>', unk: '<|endoftext|>', eom: '<|observation|>' },
} as const;

/** GLM 4.5 to 4.7, and their vision models' text models. */
export const glm4moe = {
  ...TEXT_MODEL,
  classes: ['Glm4MoeForCausalLM', 'Glm4vMoeForConditionalGeneration'],
  gguf: 'glm4moe',
  example: 'zai-org/GLM-4.5-Air',
  keys: [
    ...TEXT_KEYS,
    rotaryDimensions(HEAD, 0.5),
    ...keyRows('u32', 'expert_count=n_routed_experts? expert_feed_forward_length=moe_intermediate_size?'),
    ...keyRows('u32', 'expert_shared_count=n_shared_experts? leading_dense_block_count=first_k_dense_replace?'),
    ['{arch}.expert_gating_func', 'u32', { value: 2 }],
    ...keyRows('f32', 'expert_weights_scale=routed_scaling_factor?'),
    ...keyRows('bool', 'expert_weights_norm=norm_topk_prob?'),
    NEXTN_KEY,
  ],
  tensors: [
    ...named(
      `${DENSE} post_attention_norm ffn_gate_inp exp_probs_b ffn_gate_shexp ffn_up_shexp ffn_down_shexp ` +
        `attn_q_norm attn_k_norm ${NEXTN_TENSORS}`,
    ),
    ...experts('mlp.experts.{x}.{p}', DOWN_GATE_UP),
  ],
  mtp: NEXTN,
  tokenizer: TOKENIZER,
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
  tokenizer: TOKENIZER,
} as const satisfies Architecture;

/** GLM 5, with the attention of DeepSeek V3.2. */
export const glmdsa = {
  ...glm4moelite,
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
} as const satisfies Architecture;

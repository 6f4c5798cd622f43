import type { Architecture, Condition, KeyRow, Transform, Value } from '../architecture.js';
import {
  block,
  DENSE,
  DOWN_GATE_UP,
  experts,
  NEXTN,
  NEXTN_KEY,
  NEXTN_TENSORS,
  ROTARY,
  rename,
  TEXT_MODEL,
  WITH_MTP,
} from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, needed, required, revised, rotaryDimensions, TEXT_KEYS } from '../text-keys.js';

const FULL_ROTARY: KeyRow = ['{arch}.rope.dimension_count', 'u32', { derive: 'head_dim' }];
const EXPERTS = experts('mlp.experts.{x}.{p}', DOWN_GATE_UP);
const SHARED_EXPERT = 'ffn_gate_inp ffn_gate_shexp ffn_up_shexp ffn_down_shexp';

const heads = (count: 'head_count' | 'kv_head_count'): Value => ({
  math: 'mul',
  of: [{ derive: count }, { derive: 'head_dim' }],
});
const fused = (i: number, ...then: Transform[]): readonly Transform[] => [
  ['split', 0, heads('head_count'), heads('kv_head_count'), heads('kv_head_count')],
  ['take', i],
  ...then,
];

const NORM_HEAD: Condition = { set: fields('norm_head') };

/** Ling 1 and 1.5: in the output, each dimension is brought to length 1. */
export const bailingmoe = {
  ...TEXT_MODEL,
  classes: ['BailingMoeForCausalLM'],
  gguf: 'bailingmoe',
  example: 'inclusionAI/Ling-lite',
  keys: [
    ...TEXT_KEYS,
    FULL_ROTARY,
    needed('leading_dense_block_count', 'u32', 'first_k_dense_replace'),
    needed('vocab_size', 'u32', 'vocab_size'),
    needed('expert_feed_forward_length', 'u32', 'moe_intermediate_size'),
    ['{arch}.expert_weights_scale', 'f32', { value: 1 }],
    needed('expert_shared_count', 'u32', 'num_shared_experts'),
    needed('expert_weights_norm', 'bool', 'norm_topk_prob'),
  ],
  tensors: [
    { ...rename('output', 'lm_head'), when: { not: NORM_HEAD } },
    { from: ['lm_head.weight'], to: 'output.weight', via: [['unit', 1e-7, 'head_norms']], when: NORM_HEAD },
    ...named(`${DENSE.replace(' output ', ' ')} ${SHARED_EXPERT}`),
    block('attn_q', ['attention.query_key_value'], ...fused(0, ...ROTARY.attn_q)),
    block('attn_k', ['attention.query_key_value'], ...fused(1, ...ROTARY.attn_k)),
    block('attn_v', ['attention.query_key_value'], ...fused(2)),
    ...EXPERTS,
  ],
  probes: [{ id: 'head_norms', want: 'norms', of: ['lm_head.weight'], when: NORM_HEAD }],
} as const satisfies Architecture;

/** Ling and Ring 2. */
export const bailingmoe2 = {
  ...TEXT_MODEL,
  classes: ['BailingMoeV2ForCausalLM'],
  gguf: 'bailingmoe2',
  example: 'inclusionAI/Ling-mini-2.0',
  keys: [
    ...TEXT_KEYS,
    rotaryDimensions({ derive: 'head_dim' }, 0.5),
    needed('leading_dense_block_count', 'u32', 'first_k_dense_replace'),
    needed('vocab_size', 'u32', 'vocab_size'),
    needed('expert_feed_forward_length', 'u32', 'moe_intermediate_size'),
    [
      '{arch}.expert_shared_feed_forward_length',
      'u32',
      {
        first: [
          fields('moe_shared_expert_intermediate_size'),
          { math: 'mul', of: [required('moe_intermediate_size'), required('num_shared_experts')] },
        ],
      },
    ],
    needed('expert_weights_scale', 'f32', 'routed_scaling_factor'),
    needed('expert_shared_count', 'u32', 'num_shared_experts'),
    needed('expert_weights_norm', 'bool', 'norm_topk_prob'),
    NEXTN_KEY,
  ],
  rename: [...TEXT_MODEL.rename, ['.expert_bias', '.expert_bias.bias']],
  tensors: [
    ...named(
      `${DENSE} attn_qkv ${SHARED_EXPERT} exp_probs_b attn_q_norm attn_k_norm layer_output_norm ${NEXTN_TENSORS}`,
    ),
    ...EXPERTS,
  ],
  mtp: { blocks: NEXTN.blocks },
} as const satisfies Architecture;

/** Blocks with full attention: each last one of a group, and those behind the last whole group. */
const GROUP = required('layer_group_size');
const GROUPED: Value = {
  math: 'mul',
  of: [{ math: 'quotient', of: [{ derive: 'main_block_count' }, GROUP] }, GROUP],
};
const FULL: Value = {
  layers: { from: GROUPED },
  yes: { value: 1 },
  no: { layers: { every: GROUP, after: 1 }, yes: { value: 1 }, no: { value: 0 } },
};
const NEXTN_SET: Condition = { all: [WITH_MTP, { set: NEXTN.blocks }] };
const RANK = required('kv_lora_rank');
const ROPE = required('qk_rope_head_dim');
const NOPE = required('qk_nope_head_dim');
const V = required('v_head_dim');
const sum = (...of: Value[]): Value => ({ math: 'add', of });

/** The matrix from a latent to keys and values as two; that of the keys is applied to queries, so it is transposed. */
const latent = (i: number, ...then: Transform[]): readonly Transform[] => [
  ['reshape', 'head_count', sum(NOPE, V), -1],
  ['split', 1, NOPE, V],
  ['take', i],
  ...then,
];
const KERNEL: readonly Transform[] = [['reshape', 1, -1, 1, 'short_conv_kernel_size']];

/** Ling 3: linear attention (KDA), and full attention with a latent every few blocks. */
export const bailingmoe3 = {
  ...TEXT_MODEL,
  classes: ['BailingMoeV3ForCausalLM'],
  gguf: 'bailingmoe3',
  example: 'inclusionAI/Ling-3.0-tiny',
  keys: [
    ...revised(TEXT_KEYS, ['{arch}.attention.head_count_kv', 'i32[]', FULL]),
    needed('vocab_size', 'u32', 'vocab_size'),
    needed('ssm.conv_kernel', 'u32', 'short_conv_kernel_size'),
    needed('kda.head_dim', 'u32', 'head_dim'),
    needed('kda.safe_gate', 'bool', 'kda_safe_gate'),
    needed('kda.gate_lower_bound', 'f32', 'kda_lower_bound'),
    ['{arch}.attention.q_lora_rank', 'u32', fields('q_lora_rank')],
    ['{arch}.attention.kv_lora_rank', 'u32', RANK],
    ['{arch}.rope.dimension_count', 'u32', ROPE],
    ['{arch}.attention.key_length', 'u32', sum(RANK, ROPE)],
    ['{arch}.attention.key_length_mla', 'u32', sum(NOPE, ROPE)],
    ['{arch}.attention.value_length_mla', 'u32', V],
    needed('expert_feed_forward_length', 'u32', 'moe_intermediate_size'),
    needed('expert_shared_feed_forward_length', 'u32', 'moe_shared_expert_intermediate_size'),
    needed('expert_shared_count', 'u32', 'num_shared_experts'),
    needed('leading_dense_block_count', 'u32', 'first_k_dense_replace'),
    needed('expert_weights_scale', 'f32', 'routed_scaling_factor'),
    needed('expert_weights_norm', 'bool', 'norm_topk_prob'),
    ['{arch}.swiglu_clamp_exp', 'f32[]', { derive: 'ling_swiglu_limits' }],
    ['{arch}.swiglu_clamp_shexp', 'f32[]', { derive: 'ling_shared_swiglu_limits' }],
    ['{arch}.nextn_predict_layers', 'u32', NEXTN.blocks, NEXTN_SET],
  ],
  rename: [...TEXT_MODEL.rename, ['.expert_bias', '.expert_bias.bias'], ['.dt_bias', '.dt_proj.bias']],
  tensors: [
    ...named(
      `${DENSE} ${SHARED_EXPERT} exp_probs_b layer_output_norm ssm_dt ssm_a ssm_norm ssm_conv1d_q ssm_conv1d_k ` +
        `ssm_conv1d_v ssm_beta attn_q_a attn_q_b attn_kv_a_mqa attn_q_a_norm attn_kv_a_norm ${NEXTN_TENSORS}`,
      { ssm_conv1d_q: KERNEL, ssm_conv1d_k: KERNEL, ssm_conv1d_v: KERNEL, ssm_a: [['exp'], ['reshape', -1, 1]] },
    ),
    { ...block('ssm_f_a', ['attention.f_proj']), on: { list: FULL, is: 0 } },
    { ...block('ssm_g_a', ['attention.g_proj']), on: { list: FULL, is: 0 } },
    { ...block('attn_gate', ['attention.g_proj']), on: { list: FULL, is: 1 } },
    block('attn_k_b', ['attention.kv_b_proj'], ...latent(0, ['transpose', 1, 2])),
    block('attn_v_b', ['attention.kv_b_proj'], ...latent(1)),
    ...EXPERTS,
  ],
  mtp: { ...NEXTN, keep: ['model.word_embeddings.weight', 'model.norm.weight', 'lm_head.weight'] },
} as const satisfies Architecture;

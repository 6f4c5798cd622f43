import type { Architecture, LayerTest, TensorRule, Transform, Value } from '../architecture.js';
import { block, experts, TEXT_MODEL, W123 } from '../rules.js';
import { named } from '../tensor-names.js';
import { keyRows, replaced, TEXT_KEYS } from '../text-keys.js';
import { KV_B, MLA, MLA_RANK, MLA_SIZES } from './deepseek.js';

const linear = (name: string, isRequired = true): Value => ({
  ...{ fields: [name], of: ['linear_attn_config'] },
  ...(isRequired && { required: true }),
});

/** Blocks with attention over all tokens; config.json counts them from 1. The others are recurrent. */
const FULL: LayerTest = { among: linear('full_attn_layers'), after: 1 };

const CONV: readonly Transform[] = [['reshape', 1, -1, 1, linear('short_conv_kernel_size')]];

/** A norm and a projection to one number, of which only the product is used. */
const score = (to: string, name: string): TensorRule => ({
  all: [`${name}_norm.weight`, `${name}_proj.weight`],
  to: `${to}.weight`,
  via: [['float'], ['reshape', -1], ['product']],
});

/** Kimi K3. The vision model is no part of it. */
export const kimiK3 = {
  ...TEXT_MODEL,
  classes: ['KimiK3ForConditionalGeneration'],
  gguf: 'kimi-k3',
  example: 'moonshotai/Kimi-K3',
  keys: [
    ...replaced(TEXT_KEYS, [
      ...(['{arch}.attention.head_count_kv', 'u32|i32[]'] as const),
      { layers: FULL, yes: { value: 1 }, no: { value: 0 } },
    ]),
    ...keyRows('u32', 'vocab_size=vocab_size'),
    ['{arch}.ssm.conv_kernel', 'u32', linear('short_conv_kernel_size')],
    ['{arch}.kda.head_dim', 'u32', linear('head_dim')],
    ['{arch}.kda.gate_lower_bound', 'f32', linear('gate_lower_bound', false)],
    ...keyRows('u32', 'attention.q_lora_rank=q_lora_rank?'),
    MLA_RANK,
    ...keyRows('u32', 'rope.dimension_count=qk_rope_head_dim'),
    ...MLA_SIZES,
    ...keyRows('u32', 'expert_feed_forward_length=moe_intermediate_size expert_shared_count=num_shared_experts'),
    ...keyRows('u32', 'leading_dense_block_count=first_k_dense_replace'),
    ...keyRows('f32', 'expert_weights_scale=routed_scaling_factor'),
    ...keyRows('bool', 'expert_weights_norm=moe_renormalize'),
    ['{arch}.expert_gating_func', 'u32', { value: 2 }],
    ...keyRows('u32', 'expert_latent_length=routed_expert_hidden_size?'),
    ...keyRows(
      'f32',
      'activation.situ_beta=activation_situ_beta activation.situ_linear_beta=activation_situ_linear_beta',
    ),
    ...keyRows('u32', 'attn_res.block_size=attn_res_block_size'),
  ],
  tensors: [
    ...named(
      `token_embd output_norm output attn_norm ${MLA} attn_k attn_v ffn_norm ffn_gate_inp exp_probs_b ffn_up ffn_gate ` +
        'ffn_down ffn_up_shexp ffn_gate_shexp ffn_down_shexp ssm_a ssm_norm ssm_conv1d_q ssm_conv1d_k ssm_conv1d_v ' +
        'ssm_f_a ssm_f_b ssm_beta ffn_routed_down ffn_routed_up ffn_routed_norm',
      {
        ...{ ssm_conv1d_q: CONV, ssm_conv1d_k: CONV, ssm_conv1d_v: CONV },
        ssm_a: [['float'], ['slice', 0, 0, 'head_count'], ['exp'], ['neg']],
      },
    ),
    { from: ['{L}.self_attn.dt_bias'], to: 'blk.{b}.ssm_dt.bias' },
    { ...block('attn_gate', ['self_attn.g_proj']), on: FULL },
    { ...block('ssm_g', ['self_attn.g_proj']), on: { not: FULL } },
    score('blk.{b}.attn_res_score', '{L}.self_attention_res'),
    score('blk.{b}.ffn_res_score', '{L}.mlp_res'),
    score('output_res_score', 'model.output_attn_res'),
    ...experts('block_sparse_moe.experts.{x}.{p}', W123),
    ...KV_B,
  ],
  tokenizer: { kinds: ['bpe', 'kimi-tiktoken'] },
} as const satisfies Architecture;

import type { Architecture, TensorRule, Transform, Value } from '../architecture.js';
import { DENSE, experts, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, needed, revised, TEXT_KEYS } from '../text-keys.js';

const required = (...names: string[]): Value => ({ fields: names, required: true });
const linear = (name: string): Value => ({ fields: [name], of: ['linear_attn_config'] });
const sum = (...of: Value[]): Value => ({ math: 'add', of });
const RANK = required('kv_lora_rank', 'n_lora_kv');
const ROPE = required('qk_rope_head_dim', 'n_rot');
const NOPE = required('qk_nope_head_dim');
const V = required('n_embd_head_v_mla', 'v_head_dim');

/** The matrix from the latent to keys and values as two; that of the keys is applied to queries, so it is transposed. */
const fromLatent = (name: string, i: number, ...then: Transform[]): TensorRule => ({
  from: ['{L}.self_attn.kv_b_proj.weight'],
  to: `blk.{b}.${name}.weight`,
  via: [['reshape', 'kv_head_count', sum(NOPE, V), -1], ['split', 1, NOPE, V], ['take', i], ...then],
});
const KERNEL: readonly Transform[] = [['reshape', 1, -1, 1, linear('short_conv_kernel_size')]];

/** Linear attention (KDA), and between it blocks with full attention by way of a latent (MLA). */
export const kimiLinear = {
  ...TEXT_MODEL,
  classes: ['KimiLinearModel', 'KimiLinearForCausalLM'],
  gguf: 'kimi-linear',
  example: 'moonshotai/Kimi-Linear-48B-A3B-Instruct',
  keys: [
    ...revised(TEXT_KEYS, ['{arch}.attention.head_count_kv', 'i32[]', { derive: 'kimi_kv_heads' }]),
    needed('vocab_size', 'u32', 'vocab_size'),
    ['{arch}.ssm.conv_kernel', 'u32', linear('short_conv_kernel_size')],
    ['{arch}.kda.head_dim', 'u32', linear('head_dim')],
    ['{arch}.attention.q_lora_rank', 'u32', fields('q_lora_rank', 'n_lora_q')],
    ['{arch}.attention.kv_lora_rank', 'u32', RANK],
    ['{arch}.rope.dimension_count', 'u32', ROPE],
    ['{arch}.attention.key_length', 'u32', sum(RANK, ROPE)],
    [
      '{arch}.attention.key_length_mla',
      'u32',
      { first: [fields('n_embd_head_k_mla'), sum(fields('qk_nope_head_dim'), ROPE)] },
    ],
    ['{arch}.attention.value_length_mla', 'u32', { first: [fields('n_embd_head_v_mla'), fields('v_head_dim')] }],
    needed('expert_feed_forward_length', 'u32', 'moe_intermediate_size'),
    needed('expert_shared_count', 'u32', 'num_shared_experts'),
    needed('leading_dense_block_count', 'u32', 'first_k_dense_replace'),
    needed('expert_weights_scale', 'f32', 'routed_scaling_factor'),
  ],
  rename: [...TEXT_MODEL.rename, ['.dt_bias', '.dt_proj.bias']],
  tensors: [
    ...named(
      `${DENSE} ffn_gate_inp exp_probs_b ffn_up_shexp ffn_gate_shexp ffn_down_shexp ssm_dt ssm_a ssm_norm ` +
        'ssm_conv1d_q ssm_conv1d_k ssm_conv1d_v ssm_f_a ssm_f_b ssm_beta ssm_g_a ssm_g_b attn_q_a attn_q_b ' +
        'attn_kv_a_mqa attn_q_a_norm attn_kv_a_norm',
      { ssm_conv1d_q: KERNEL, ssm_conv1d_k: KERNEL, ssm_conv1d_v: KERNEL, ssm_a: [['exp'], ['neg']] },
    ),
    fromLatent('attn_k_b', 0, ['transpose', 1, 2]),
    fromLatent('attn_v_b', 1),
    ...experts('block_sparse_moe.experts.{x}.{p}', [
      ['w1', 'ffn_gate_exps'],
      ['w2', 'ffn_down_exps'],
      ['w3', 'ffn_up_exps'],
    ]),
  ],
  unproven: true,
  tokenizer: { kinds: ['bpe', 'kimi-tiktoken'], after: ['tokenizer-eos'] },
} as const satisfies Architecture;

import type { Architecture, Condition, KeyRow, TensorRule, Value } from '../architecture.js';
import { block, stackedExperts, tied } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, required, revised } from '../text-keys.js';
import { DEEPSEEK2, DEEPSEEK2_KEYS, DEEPSEEK2_TENSORS, INDEXER, INDEXER_KEYS } from './deepseek.js';

/** One group of experts is none. */
const GROUPED: Condition = { not: { all: ['n_group', 'topk_group'].map((field) => ({ field, is: 1 })) } };
const LIMIT: Value = fields('swiglu_limit');
const SPARSE: Condition = { derive: 'hy_v4_has_indexers', is: true };
const SIZE: Value = { math: 'add', of: [required('qk_nope_head_dim'), required('v_head_dim')] };
const latent = (name: string, ...then: NonNullable<TensorRule['via']>): TensorRule =>
  block(
    name,
    ['self_attn.kv_b_proj'],
    ['reshape', 'head_count', SIZE, -1],
    ['split', 1, 'qk_nope_head_dim', 'v_head_dim'],
    ...then,
  );

/** Tensors whose names end without `.weight`. */
const BARE = [
  ...['.hc_head_fn', '.hc_head_base', '.hc_head_scale', '.hc_pre.hc_fn', '.hc_pre.hc_base', '.hc_pre.hc_scale'],
  '.learnable_sink_param',
];

/** Hunyuan 4: DeepSeek's attention with a gate and sinks, sparse in some layers, and hyper-connections. */
export const hyV4 = {
  ...DEEPSEEK2,
  classes: ['HYV4ForCausalLM'],
  gguf: 'hy_v4',
  example: 'tencent/Hy4-preview',
  keys: [
    ...revised(
      DEEPSEEK2_KEYS.filter(([key]) => !key.endsWith('leading_dense_block_count')),
      ['{arch}.expert_group_count', 'u32', fields('n_group'), GROUPED],
      ['{arch}.expert_group_used_count', 'u32', fields('topk_group'), GROUPED],
    ).flatMap((row): readonly KeyRow[] =>
      row[0] === '{arch}.vocab_size'
        ? [['{arch}.leading_dense_block_count', 'u32', { derive: 'hy_v4_leading_dense' }], row]
        : [row],
    ),
    ['{arch}.expert_gating_func', 'u32', { value: 2 }],
    ['{arch}.swiglu_clamp_exp', 'f32[]', { layers: { from: { value: 0 } }, yes: LIMIT }, { value: LIMIT, above: 0 }],
    ['{arch}.hyper_connection.count', 'u32', required('hc_mult')],
    ['{arch}.hyper_connection.epsilon', 'f32', required('hc_eps')],
    ['{arch}.hyper_connection.magnitude', 'f32', required('hc_magnitude')],
    ...INDEXER_KEYS.map(([key, type, from]): KeyRow => [key, type, from, SPARSE]),
    ['{arch}.attention.indexer.types', 'bool[]', { derive: 'hy_v4_indexers' }],
  ],
  rename: [...DEEPSEEK2.rename, ...BARE.map((name) => [name, `${name}.weight`] as const)],
  ignore: [...DEEPSEEK2.ignore, 'model.mtp_layers.*'],
  tensors: [
    ...named(
      `${DEEPSEEK2_TENSORS} attn_q_a attn_q_a_norm attn_q_b attn_kv_a_mqa attn_kv_a_norm attn_output attn_sinks ` +
        `attn_gate ${INDEXER} output_hc_fn output_hc_base output_hc_scale hc_attn_fn hc_attn_base hc_attn_scale ` +
        'hc_ffn_fn hc_ffn_base hc_ffn_scale',
    ),
    ...tied('output', 'lm_head.weight', 'model.lm_head.weight'),
    latent('attn_k_b', ['take', 0], ['transpose', 1, 2]),
    latent('attn_v_b', ['take', 1]),
    ...stackedExperts('mlp.experts'),
  ],
  types: [
    ['*hc_attn_fn.weight', 'F32'],
    ['*hc_ffn_fn.weight', 'F32'],
    ['output_hc_fn.weight', 'F32'],
    ['output.weight', 'F32', { set: fields('enable_lm_head_fp32') }],
  ],
  mtp: { blocks: { value: 0 }, convert: 'never' },
  unproven: true,
} as const satisfies Architecture;

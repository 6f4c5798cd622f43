import type { Architecture, KeyRow, Transform, Value } from '../architecture.js';
import { DENSE, NEXTN, NEXTN_TENSORS, TEXT_MODEL, WITH_MTP } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, needed, required, TEXT_KEYS } from '../text-keys.js';
import { qwen3 } from './qwen3.js';

/** The text model of Step3-VL-10B is a Qwen3. */
export const step3vl = {
  ...qwen3,
  classes: ['StepVLForConditionalGeneration'],
  example: 'stepfun-ai/Step3-VL-10B',
  unproven: true,
} as const satisfies Architecture;

const WINDOWS = { list: { derive: 'padded_windows' }, is: 1 } as const;

/** Layers with a window have numbers of heads of their own. */
const heads = (key: string, field: string): KeyRow => [
  `{arch}.attention.${key}`,
  'i32[]',
  {
    layers: WINDOWS,
    yes: { first: [{ fields: [field], of: ['attention_other_setting'] }, required(field)] },
    no: required(field),
  },
];

const PLUS_ONE: readonly Transform[] = [['add', 1]];
const NORMS = ['output', 'attn', 'ffn', 'attn_q', 'attn_k', 'nextn.shared_head'].map((name) => `${name}_norm`);
const BLOCKS: Value = NEXTN.blocks;

/** Step-3.5 and Step-3.7. The checkpoint's norms are those of the model, less one. */
export const step35 = {
  ...TEXT_MODEL,
  classes: ['Step3p5ForCausalLM', 'Step3p7ForConditionalGeneration'],
  gguf: 'step35',
  example: 'stepfun-ai/Step-3.7-Flash',
  keys: [
    ...TEXT_KEYS,
    heads('head_count', 'num_attention_heads'),
    heads('head_count_kv', 'num_attention_groups'),
    needed('attention.sliding_window', 'u32', 'sliding_window'),
    ['{arch}.attention.sliding_window_pattern', 'bool[]', { layers: WINDOWS }],
    needed('attention.value_length', 'u32', 'head_dim'),
    needed('expert_count', 'u32', 'moe_num_experts'),
    needed('expert_used_count', 'u32', 'moe_top_k'),
    needed('expert_feed_forward_length', 'u32', 'moe_intermediate_size'),
    needed('expert_shared_feed_forward_length', 'u32', 'share_expert_dim'),
    ['{arch}.expert_weights_scale', 'f32', fields('moe_router_scaling_factor')],
    ['{arch}.expert_weights_norm', 'bool', fields('norm_expert_weight')],
    ['{arch}.leading_dense_block_count', 'u32', { derive: 'step_dense_layers' }],
    ['{arch}.moe_every_n_layers', 'u32', { fields: ['moe_every_n_layer'], or: 1 }],
    ['{arch}.attention.layer_norm_rms_epsilon', 'f32', { fields: ['rms_norm_eps'], or: 1e-5 }],
    ['{arch}.swiglu_clamp_exp', 'f32[]', { derive: 'swiglu_limits' }],
    ['{arch}.swiglu_clamp_shexp', 'f32[]', { derive: 'shared_swiglu_limits' }],
    ['{arch}.nextn_predict_layers', 'u32', BLOCKS, { all: [WITH_MTP, { set: BLOCKS }] }],
  ],
  rename: [...TEXT_MODEL.rename, ['.transformer.', '.'], ['shared_head.output', 'shared_head.head']],
  tensors: [
    ...named(
      `${DENSE} attn_gate ffn_gate_inp ffn_gate_exps ffn_up_exps ffn_down_exps ` +
        `ffn_gate_shexp ffn_up_shexp ffn_down_shexp attn_q_norm attn_k_norm ${NEXTN_TENSORS}`,
      Object.fromEntries([...NORMS, 'nextn.enorm', 'nextn.hnorm'].map((name) => [`${name}.weight`, PLUS_ONE])),
    ),
    { from: ['{L}.moe.router_bias'], to: 'blk.{b}.exp_probs_b.bias' },
  ],
  extra: ['step_rope_freqs'],
  mtp: NEXTN,
} as const satisfies Architecture;

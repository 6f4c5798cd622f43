import type { Architecture, KeyRow, TensorRule, Transform, Value } from '../architecture.js';
import { DENSE, MTP_BLOCKS, NEXTN_TENSORS, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { needed, required, rotaryDimensions } from '../text-keys.js';
import { QWEN_EXPERTS, QWEN_MOE_KEYS } from './qwen-moe.js';

const LAYER_TYPES: Value = { fields: ['layer_types'] };
const product = (...of: Value[]): Value => ({ math: 'mul', of });
const KEY_HEADS = required('linear_num_key_heads');
const KEY_DIM = required('linear_key_head_dim');
const VALUE_HEADS = required('linear_num_value_heads');
const VALUE_DIM = required('linear_value_head_dim');
/** The heads of values that share one of keys. */
const SHARE: Value = { math: 'quotient', of: [VALUE_HEADS, KEY_HEADS] };

/** Layers with linear attention, a few with full attention between them, and a head for multi-token prediction. */
const QWEN_NEXT_KEYS: readonly KeyRow[] = [
  ...QWEN_MOE_KEYS,
  ['{arch}.nextn_predict_layers', 'u32', MTP_BLOCKS, { value: MTP_BLOCKS, above: 0 }],
  needed('ssm.conv_kernel', 'u32', 'linear_conv_kernel_dim'),
  ['{arch}.ssm.state_size', 'u32', KEY_DIM],
  ['{arch}.ssm.group_count', 'u32', KEY_HEADS],
  ['{arch}.ssm.time_step_rank', 'u32', VALUE_HEADS],
  ['{arch}.ssm.inner_size', 'u32', product(VALUE_DIM, VALUE_HEADS)],
  [
    '{arch}.attention.recurrent_layers',
    'bool[]',
    {
      layers: { from: { derive: 'main_block_count' } },
      yes: { value: 0 },
      no: { layers: { list: LAYER_TYPES, is: 'linear_attention' } },
    },
  ],
  ['{arch}.full_attention_interval', 'u32', { fields: ['full_attention_interval'], or: 4 }],
  rotaryDimensions({ derive: 'head_dim' }, 0.25),
];

/** The head's tensors as those of a block. */
const MTP_NAMES = [
  ['mtp.fc.', 'mtp.layers.0.eh_proj.'],
  ['mtp.pre_fc_norm_embedding.', 'mtp.layers.0.enorm.'],
  ['mtp.pre_fc_norm_hidden.', 'mtp.layers.0.hnorm.'],
  ['mtp.norm.', 'mtp.layers.0.shared_head.norm.'],
] as const;

const QWEN_NEXT = {
  ...TEXT_MODEL,
  keys: QWEN_NEXT_KEYS,
  blocks: [...TEXT_MODEL.blocks, { begin: 'mtp.layers.{b}', after: 'main_block_count' }],
  rename: [...TEXT_MODEL.rename, ['model.mtp.', 'mtp.'], ...MTP_NAMES, ['.dt_bias', '.dt_proj.bias']],
  mtp: {
    blocks: { fields: ['mtp_num_hidden_layers'] },
    counted: 'mtp.layers.{b}',
    names: ['mtp.*'],
    keep: [
      ...['model.embed_tokens.weight', 'model.norm.weight', 'lm_head.weight', 'embed_tokens.weight', 'norm.weight'],
    ],
  },
} as const satisfies Partial<Architecture>;

/** Norms whose weights are kept as what they differ from 1 by: all but those of the linear attention. */
export const plusOne = (names: string): Readonly<Record<string, readonly Transform[]>> =>
  Object.fromEntries(names.split(' ').map((name): [string, readonly Transform[]] => [`${name}.weight`, [['add', 1]]]));
const PLUS_ONE = plusOne(
  'attn_norm post_attention_norm attn_q_norm attn_k_norm output_norm nextn.enorm nextn.hnorm nextn.shared_head_norm',
);
export const SHARED_EXPERT = 'ffn_gate_inp ffn_gate_inp_shexp ffn_gate_shexp ffn_up_shexp ffn_down_shexp';
const OWN = `attn_q_norm attn_k_norm ssm_conv1d ssm_dt ssm_a ssm_norm ${NEXTN_TENSORS}`;
const AFTER = 'post_attention_norm ssm_out attn_output';

/** Queries, keys, values and gates, head by head of the keys, become those of all heads. */
const PER_HEAD: readonly Transform[] = [
  ['reshape', KEY_HEADS, -1, 'hidden_size'],
  ['split', 1, KEY_DIM, KEY_DIM, product(SHARE, VALUE_DIM), product(SHARE, VALUE_DIM)],
  ['reshape', -1, 'hidden_size'],
];
const QKVZ = ['{L}.linear_attn.in_proj_qkvz.weight'];

export const qwen3next = {
  ...QWEN_NEXT,
  classes: ['Qwen3NextForCausalLM'],
  gguf: 'qwen3next',
  example: 'Qwen/Qwen3-Next-80B-A3B-Instruct',
  tensors: [
    { from: QKVZ, to: 'blk.{b}.attn_qkv.weight', via: [...PER_HEAD, ['take', 0, 1, 2], ['concat', 0]] },
    { from: QKVZ, to: 'blk.{b}.attn_gate.weight', via: [...PER_HEAD, ['take', 3]] },
    ...named(`${DENSE} ${OWN} ssm_ba ${SHARED_EXPERT} ${AFTER}`, {
      ...PLUS_ONE,
      ssm_a: [['exp'], ['neg']],
      ssm_conv1d: [['squeeze', 1]],
    }),
    ...QWEN_EXPERTS,
  ],
} as const satisfies Architecture;

/**
 * The heads of values stand by the key head that they share, and llama.cpp repeats key heads over them in turn: of the
 * elements from the first on, all first value heads come first.
 */
const inTurn = (dimension: number, first: Value | number = 0): Transform => [
  'turn',
  dimension,
  first,
  KEY_HEADS,
  SHARE,
];
const AFTER_KEYS = product({ value: 2 }, KEY_HEADS, KEY_DIM);

export const LINEAR = {
  attn_qkv: [inTurn(0, AFTER_KEYS)],
  attn_gate: [inTurn(0)],
  ssm_alpha: [inTurn(0)],
  ssm_beta: [inTurn(0)],
  ssm_a: [inTurn(0), ['exp'], ['neg']],
  ssm_dt: [inTurn(0)],
  ssm_conv1d: [['squeeze', 1], inTurn(0, AFTER_KEYS)],
  ssm_out: [inTurn(1)],
} as const satisfies Readonly<Record<string, readonly Transform[]>>;

const MROPE: Value = { fields: ['mrope_section'], of: 'rope_root' };

export const QWEN35_KEYS: readonly KeyRow[] = [
  ...QWEN_NEXT_KEYS,
  ['{arch}.rope.dimension_sections', 'i32[]', { value: [11, 11, 10, 0] }, { not: { set: MROPE } }],
];

/** The tensors of Qwen 3.5, whose feed-forward part is dense, or else has experts. */
export const QWEN35_TENSORS: readonly TensorRule[] = named(
  `${DENSE} ${OWN} attn_qkv attn_gate ssm_alpha ssm_beta ${AFTER}`,
  { ...PLUS_ONE, ...LINEAR },
);

export const qwen35 = {
  ...QWEN_NEXT,
  classes: ['Qwen3_5ForConditionalGeneration', 'Qwen3_5ForCausalLM'],
  gguf: 'qwen35',
  example: 'Qwen/Qwen3.5-9B',
  keys: QWEN35_KEYS,
  tensors: QWEN35_TENSORS,
} as const satisfies Architecture;

export const qwen35moe = {
  ...qwen35,
  classes: ['Qwen3_5MoeForConditionalGeneration', 'Qwen3_5MoeForCausalLM'],
  gguf: 'qwen35moe',
  example: 'Qwen/Qwen3.5-35B-A3B',
  tensors: [...QWEN35_TENSORS, ...named(SHARED_EXPERT), ...QWEN_EXPERTS],
} as const satisfies Architecture;

/**
 * The language model of MiniCPM-V 4.6. Its blocks for multi-token prediction are counted, as config.json has them, and not
 * written.
 */
export const minicpmv = {
  ...qwen35,
  classes: ['MiniCPMV4_6ForConditionalGeneration'],
  example: 'openbmb/MiniCPM-V-4_6',
  ignore: [...qwen35.ignore, 'model.merger.*', 'mtp*'],
  unproven: true,
} as const satisfies Architecture;

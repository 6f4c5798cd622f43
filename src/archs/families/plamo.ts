import type { Architecture, Condition, KeyRow, Transform, Value } from '../architecture.js';
import { DENSE, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, TEXT_KEYS } from '../text-keys.js';

const field = (name: string, or?: number): Value => ({ fields: [name], ...(or !== undefined && { or }) });
const row = (key: string, name: string, or?: number): KeyRow => [`{arch}.${key}`, 'u32', field(name, or)];

const STEP = field('mamba_step', 2);
const HALF_STEP: Value = { math: 'quotient', of: [STEP, { value: 2 }] };
const BLOCKS: Value = { derive: 'block_count' };
const ENABLED: Condition = { value: { fields: ['mamba_enabled'], or: true }, is: true };
const IS_LONG: Condition = { value: { math: 'sub', of: [BLOCKS, HALF_STEP] }, above: 0 };

/** Heads of the layers with attention: those in the middle of each step, or the last one of a model of few layers. */
const heads = (key: string, name: string, or: number): readonly KeyRow[] => {
  const [yes, no] = [field(name, or), { value: 0 }];
  const back: Value = { math: 'sub', of: [{ value: 0 }, HALF_STEP] };
  return [
    [`{arch}.${key}`, 'i32[]', { layers: { every: STEP, after: back }, yes, no }, { all: [ENABLED, IS_LONG] }],
    [`{arch}.${key}`, 'i32[]', { layers: { every: BLOCKS, after: 1 }, yes, no }, { all: [ENABLED, { not: IS_LONG }] }],
  ];
};

const VOCABULARY: KeyRow = ['{arch}.vocab_size', 'u32', { fields: ['vocab_size'], required: true }];

/** The checkpoints' norms are differences from what llama.cpp multiplies with. */
const SHIFTED = {
  ...Object.fromEntries(['attn_norm', 'ffn_norm', 'output_norm'].map((name) => [name, [['add', 1]] as const])),
  post_attention_norm: [['add', 1 / 5]],
  post_ffw_norm: [['add', 1 / 5 ** 1.5]],
} as const satisfies Readonly<Record<string, readonly Transform[]>>;

const ATTENTION = 'attn_norm attn_qkv attn_q_norm attn_k_norm attn_output post_attention_norm';
const TENSORS = `token_embd output_norm output ${ATTENTION} ffn_norm ffn_up ffn_down post_ffw_norm`;

/** PLaMo 13B, the only model of its kind: its sizes are not all in config.json. */
export const plamo = {
  ...TEXT_MODEL,
  classes: ['PlamoForCausalLM'],
  gguf: 'plamo',
  example: 'pfnet/plamo-13b',
  keys: [
    ['{arch}.context_length', 'u32', { value: 4096 }],
    row('embedding_length', 'hidden_size'),
    row('feed_forward_length', 'intermediate_size'),
    BLOCK_COUNT,
    row('attention.head_count', 'num_attention_heads'),
    ['{arch}.attention.head_count_kv', 'u32', { value: 5 }],
    ['{arch}.attention.layer_norm_rms_epsilon', 'f32', { fields: ['rms_norm_eps'], required: true }],
    FILE_TYPE,
  ],
  // Queries are stored by the key-value head that they belong to, and llama.cpp repeats those one after the other.
  tensors: named(DENSE, {
    attn_q: [
      ['reshape', 8, 5, 128, 5120],
      ['permute', 1, 0, 2, 3],
      ['reshape', 5120, 5120],
    ],
    attn_output: [
      ['reshape', 5120, 8, 5, 128],
      ['permute', 0, 2, 1, 3],
      ['reshape', 5120, 5120],
    ],
  }),
  tokenizer: { kinds: ['sentencepiece'] },
  unproven: true,
} as const satisfies Architecture;

/** Attention and Mamba in turn. */
export const plamo2 = {
  ...TEXT_MODEL,
  classes: ['Plamo2ForCausalLM', 'PLaMo2ForCausalLM'],
  gguf: 'plamo2',
  example: 'pfnet/plamo-2-1b',
  rename: [
    ['.dt_bias', '.dt_proj.bias'],
    ...['dt_norm', 'B_norm', 'C_norm', 'k', 'q'].map((name) => [`.${name}_weight`, `.${name}.weight`] as const),
  ],
  keys: [
    VOCABULARY,
    ...heads('attention.head_count_kv', 'num_key_value_heads', 4),
    ...heads('attention.head_count', 'num_attention_heads', 32),
    row('context_length', 'max_position_embeddings', 2048),
    row('embedding_length', 'hidden_size', 4096),
    row('attention.key_length', 'hidden_size_per_head', 128),
    row('attention.value_length', 'hidden_size_per_head', 128),
    BLOCK_COUNT,
    ['{arch}.attention.layer_norm_rms_epsilon', 'f32', field('rms_norm_eps', 1e-6)],
    ['{arch}.rope.freq_base', 'f32', { fields: ['rope_theta'], of: 'rope_root', or: 10_000 }],
    row('ssm.state_size', 'mamba_d_state', 64),
    row('ssm.conv_kernel', 'mamba_d_conv', 4),
    row('ssm.time_step_rank', 'mamba_num_heads', 64),
    [
      '{arch}.ssm.inner_size',
      'u32',
      { math: 'mul', of: [field('mamba_num_heads', 64), field('hidden_size_per_head', 128)] },
    ],
    ['{arch}.ssm.group_count', 'u32', { value: 0 }],
    row('feed_forward_length', 'intermediate_size', 13_312),
    FILE_TYPE,
  ],
  tensors: named(`${TENSORS} ssm_in ssm_conv1d ssm_x ssm_dt ssm_dt_norm ssm_a ssm_b_norm ssm_c_norm ssm_d ssm_out`, {
    ...SHIFTED,
    'ssm_conv1d.weight': [['squeeze', 1]],
    ssm_a: [['exp'], ['neg']],
  }),
  tokenizer: { kinds: ['plamo'] },
} as const satisfies Architecture;

const WINDOW: Value = { fields: ['window_size', 'sliding_window'] };

export const plamo3 = {
  ...TEXT_MODEL,
  classes: ['Plamo3ForCausalLM', 'PLaMo3ForCausalLM'],
  gguf: 'plamo3',
  example: 'midorin-Linux/plamo-3-12b-self-merged-base',
  keys: [
    ...TEXT_KEYS,
    VOCABULARY,
    ['{arch}.attention.sliding_window', 'u32', WINDOW],
    [
      '{arch}.attention.sliding_window_pattern',
      'u32|i32[]',
      { fields: ['sliding_window_pattern'], required: true },
      { set: WINDOW },
    ],
  ],
  tensors: named(TENSORS, { ...SHIFTED, attn_q_norm: [['add', 1]], attn_k_norm: [['add', 1]] }),
  tokenizer: { kinds: ['plamo'], after: ['chat-template'] },
} as const satisfies Architecture;

import type { Architecture, KeyRow, Transform, Value } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, fields } from '../text-keys.js';

const WIDTH: Value = { fields: ['hidden_size', 'd_model', 'dim'], required: true };
const math = (name: 'add' | 'mul' | 'quotient', left: Value, right: Value | number): Value => ({
  math: name,
  of: [left, typeof right === 'number' ? { value: right } : right],
});

/** The context has no end. llama.cpp wants some keys of attention, but does not use them. */
export const MAMBA_KEYS: readonly KeyRow[] = [
  ['{arch}.context_length', 'u32', { value: 2 ** 20 }],
  ['{arch}.embedding_length', 'u32', WIDTH],
  ['{arch}.feed_forward_length', 'u32', { value: 0 }],
  ['{arch}.attention.head_count', 'u32', { value: 0 }],
  BLOCK_COUNT,
];

const RMS_NORM: KeyRow = [
  '{arch}.attention.layer_norm_rms_epsilon',
  'f32',
  { fields: ['layer_norm_epsilon', 'rms_norm_eps'], or: 1e-5 },
];

/** The output is left out where it is the embedding. Older checkpoints call that `embedding`. */
const EMBEDDINGS = ['embeddings', 'embedding'];
const isTied = (name: string) => `output is ${name}`;

export const mamba = {
  ...TEXT_MODEL,
  classes: ['MambaForCausalLM', 'MambaLMHeadModel', 'FalconMambaForCausalLM'],
  gguf: 'mamba',
  example: 'state-spaces/mamba-130m-hf',
  keys: [
    ...MAMBA_KEYS,
    ['{arch}.ssm.conv_kernel', 'u32', { fields: ['conv_kernel', 'd_conv'], or: 4 }],
    ['{arch}.ssm.inner_size', 'u32', { first: [fields('intermediate_size', 'd_inner'), math('mul', WIDTH, 2)] }],
    ['{arch}.ssm.state_size', 'u32', { fields: ['state_size', 'd_state'], or: 16 }],
    [
      '{arch}.ssm.time_step_rank',
      'u32',
      { first: [fields('time_step_rank', 'dt_rank'), math('quotient', math('add', WIDTH, 15), 16)] },
    ],
    RMS_NORM,
    ['{arch}.ssm.dt_b_c_rms', 'bool', { value: true }, { field: 'model_type', is: 'falcon_mamba' }],
    ['{arch}.ssm.dt_b_c_rms', 'bool', { value: false }, { not: { field: 'model_type', is: 'falcon_mamba' } }],
    FILE_TYPE,
  ],
  tensors: [
    ...named('token_embd output_norm attn_norm ssm_in ssm_conv1d ssm_x ssm_dt ssm_a ssm_d ssm_out', {
      'ssm_conv1d.weight': [['squeeze', 1]],
      ssm_a: [['exp'], ['neg']],
    }),
    ...named('output').flatMap((rule) => {
      const when = { any: EMBEDDINGS.map((name) => ({ probe: isTied(name), is: true })) };
      return [
        { ...rule, when: { not: when } },
        { from: rule.from ?? [], when },
      ];
    }),
  ],
  probes: EMBEDDINGS.map((name) => ({
    id: isTied(name),
    want: 'equal',
    of: [`backbone.${name}.weight`, 'lm_head.weight'],
  })),
  tokenizer: { kinds: ['bpe', 'sentencepiece', 'elsewhere'], multiple: ['pad_vocab_size_multiple', 8] },
} as const satisfies Architecture;

const GROUPS: Value = { fields: ['n_groups', 'mamba_n_groups'], or: 1 };
const INNER: Value = {
  first: [
    fields('mamba_d_ssm', 'intermediate_size', 'd_inner'),
    math('mul', { fields: ['mamba_expand', 'expand'], or: 2 }, WIDTH),
  ],
};

export const SSM2_KEYS: readonly KeyRow[] = [
  ['{arch}.ssm.conv_kernel', 'u32', { fields: ['conv_kernel', 'd_conv', 'mamba_d_conv'], or: 4 }],
  ['{arch}.ssm.inner_size', 'u32', INNER],
  ['{arch}.ssm.state_size', 'u32', { fields: ['state_size', 'd_state', 'mamba_d_state'], or: 128 }],
  ['{arch}.ssm.time_step_rank', 'u32', math('quotient', INNER, { fields: ['mamba_d_head', 'head_dim'], or: 64 })],
  ['{arch}.ssm.group_count', 'u32', GROUPS],
  RMS_NORM,
  FILE_TYPE,
];

const COLUMN: Transform = ['reshape', -1, 1];
export const SSM2 = 'ssm_in ssm_conv1d ssm_dt ssm_a ssm_d ssm_norm ssm_out';
export const SSM2_VIA = {
  'ssm_conv1d.weight': [['squeeze', 1]],
  ssm_a: [COLUMN, ['exp'], ['neg']],
  ssm_d: [COLUMN],
  ssm_norm: [['reshape', GROUPS, -1]],
} as const satisfies Readonly<Record<string, readonly Transform[]>>;

export const mamba2 = {
  ...TEXT_MODEL,
  classes: ['Mamba2ForCausalLM'],
  gguf: 'mamba2',
  example: 'mistralai/Mamba-Codestral-7B-v0.1',
  rename: [
    ['model.backbone', 'backbone'],
    ['model.lm_head', 'lm_head'],
    ['.dt_bias', '.dt_proj.bias'],
  ],
  keys: [...MAMBA_KEYS, ...SSM2_KEYS],
  tensors: named(`token_embd output_norm output attn_norm ${SSM2}`, SSM2_VIA),
  tokenizer: { kinds: ['sentencepiece', 'bpe', 'elsewhere'], multiple: ['pad_vocab_size_multiple', 16] },
} as const satisfies Architecture;

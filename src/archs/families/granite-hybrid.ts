import type { Architecture, Condition, KeyRow, Transform, Value } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { whereSet } from '../text-keys.js';
import { granite } from './granite.js';
import { GRANITE_MOE_TENSORS, graniteMoe } from './granite-moe.js';

/** A field whose name may begin with `mamba_`. */
export const mamba = (...names: string[]): Value => ({
  fields: [...names, ...names.map((name) => `mamba_${name}`)],
  required: true,
});

/** What `hidden_size` says of Mamba layers is the size of a head where config.json has that. */
export const WIDTH = { fields: ['mamba_head_dim', 'hidden_size', 'd_model'] } as const satisfies Value;
export const SSM_GROUPS = mamba('n_groups', 'num_groups');

export const SSM_KEYS: readonly KeyRow[] = [
  ['{arch}.ssm.conv_kernel', 'u32', mamba('conv_kernel', 'd_conv')],
  ['{arch}.ssm.state_size', 'u32', mamba('state_size', 'd_state', 'state_dim', 'ssm_state_size')],
  ['{arch}.ssm.group_count', 'u32', SSM_GROUPS],
  ['{arch}.ssm.inner_size', 'u32', { math: 'mul', of: [mamba('expand', 'num_heads'), WIDTH] }],
  ['{arch}.ssm.time_step_rank', 'u32', mamba('n_heads', 'num_heads')],
  whereSet('rope.dimension_count', 'u32', 'attn_rotary_emb'),
  [
    '{arch}.attention.head_count_kv',
    'i32[]',
    {
      layers: { list: { derive: 'attention_layers' }, is: 1 },
      yes: { fields: ['num_key_value_heads', 'n_head_kv'], required: true },
      no: { value: 0 },
    },
  ],
];

export const SSM = 'ssm_in ssm_conv1d ssm_dt ssm_a ssm_d ssm_norm ssm_out';
export const SSM_SHAPES: Readonly<Record<string, readonly Transform[]>> = {
  'ssm_conv1d.weight': [['squeeze', 1]],
  ssm_a: [['exp'], ['neg'], ['reshape', -1, 1]],
  ssm_d: [['reshape', -1, 1]],
  ssm_norm: [['reshape', SSM_GROUPS, -1]],
};

const MAMBA_LAYERS: Condition = { derive: 'has_mamba_layers', is: true };

/** Some layers of attention with rotary embeddings, the others Mamba 2. */
export const bamba = {
  ...graniteMoe,
  classes: ['BambaForCausalLM'],
  when: MAMBA_LAYERS,
  gguf: 'granitehybrid',
  example: 'ibm-ai-platform/Bamba-9B-v2',
  keys: [...graniteMoe.keys, ...SSM_KEYS, ['{arch}.rope.scaling.finetuned', 'bool', { value: true }]],
  rename: [...TEXT_MODEL.rename, ['.dt_bias', '.dt_proj.bias']],
  tensors: [...GRANITE_MOE_TENSORS, ...named(SSM, SSM_SHAPES)],
  tokenizer: { kinds: ['sentencepiece', 'bpe'], multiple: 8 },
} as const satisfies Architecture;

/** Without rotary embeddings, so that there is no limit to the context. */
export const graniteHybrid = {
  ...bamba,
  classes: ['GraniteMoeHybridForCausalLM'],
  example: 'ibm-granite/granite-4.0-h-tiny',
  keys: [
    ...graniteMoe.keys,
    ...SSM_KEYS,
    ['{arch}.rope.scaling.finetuned', 'bool', { value: false }],
    ['{arch}.context_length', 'u32', { value: 2 ** 20 }],
  ],
} as const satisfies Architecture;

const WITHOUT_MAMBA = {
  ...bamba,
  classes: ['BambaForCausalLM', 'GraniteMoeHybridForCausalLM'],
  example: 'ibm-granite/granite-4.0-micro',
  tokenizer: { kinds: ['sentencepiece', 'bpe'] },
} as const;

const USED: Condition = { set: { fields: ['num_experts_per_tok', 'num_experts_per_token'] } };

export const graniteHybridAttention = {
  ...WITHOUT_MAMBA,
  when: { all: [{ not: MAMBA_LAYERS }, { not: USED }] },
  gguf: granite.gguf,
  unproven: true,
} as const satisfies Architecture;

export const graniteHybridAttentionMoe = {
  ...WITHOUT_MAMBA,
  when: { all: [{ not: MAMBA_LAYERS }, USED] },
  gguf: graniteMoe.gguf,
  unproven: true,
} as const satisfies Architecture;

import type { Architecture, Condition, KeyRow, LayerTest, TensorRule, Transform, Value } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named, weights } from '../tensor-names.js';
import { fields } from '../text-keys.js';

const HIDDEN = fields('hidden_size');
const math = (name: 'mul' | 'quotient' | 'pow' | 'max' | 'add', ...of: (Value | number)[]): Value => ({
  math: name,
  of: of.map((each) => (typeof each === 'number' ? { value: each } : each)),
});

/** The keys of all RWKVs begin like this. Their context has no end. */
const BEGIN: readonly KeyRow[] = [
  ['{arch}.context_length', 'u32', { value: 1_048_576 }],
  ['{arch}.embedding_length', 'u32', { fields: ['hidden_size'], required: true }],
  ['{arch}.block_count', 'u32', { derive: 'block_count' }],
];
const LAYER_NORM: KeyRow = ['{arch}.attention.layer_norm_epsilon', 'f32', fields('layer_norm_epsilon', 'norm_eps')];
const RMS_NORM: KeyRow = ['{arch}.attention.layer_norm_rms_epsilon', 'f32', fields('rms_norm_eps')];
const feedForward = (or: Value): KeyRow => [
  '{arch}.feed_forward_length',
  'u32',
  { first: [fields('intermediate_size'), or] },
];
/** What llama.cpp wants, but does not use. */
const END: readonly KeyRow[] = [
  ['general.file_type', 'u32', { derive: 'file_type' }],
  ['{arch}.attention.head_count', 'u32', { value: 0 }],
];

/** A size that is larger in models with a hidden size of 4096. */
const sized = (key: string, names: string[], small: number, isLarge: Condition): readonly KeyRow[] => {
  const or = (value: number): Value => ({ first: [...names.map((name) => fields(name)), { value }] });
  return [
    [key, 'u32', or(2 * small), isLarge],
    [key, 'u32', or(small), { not: isLarge }],
  ];
};

const FLAT: readonly Transform[] = [['reshape', -1]];
const TRANSPOSED: readonly Transform[] = [['transpose', 0, 1]];

/** RWKV-6 halves its activations every few blocks; the outputs of the blocks are divided beforehand. */
const rescaled = (list: string): readonly TensorRule[] => {
  const every = fields('rescale_every');
  const when: Condition = { value: every, above: 0 };
  const via: readonly Transform[] = [['div', math('pow', 2, math('quotient', { block: true }, every))]];
  return list
    .split(' ')
    .flatMap((name) => [
      ...named(name, { [name]: via }).map((rule) => ({ ...rule, when })),
      ...named(name).map((rule) => ({ ...rule, when: { not: when } })),
    ]);
};

/** The five interpolations of a block, as one tensor. */
const lerpFused = (part: string): TensorRule => ({
  all: [...'wkvrg'].map((name) => `{L}.${part}.time_maa_${name}`),
  to: 'blk.{b}.time_mix_lerp_fused.weight',
  via: [['stack'], ['reshape', 5, 1, 1, -1]],
});

const MIX6 = 'time_mix_decay_w1 time_mix_decay_w2 time_mix_lerp_x time_mix_decay time_mix_first';
const VIA6 = {
  time_mix_decay_w1: TRANSPOSED,
  time_mix_decay_w2: TRANSPOSED,
  time_mix_lerp_x: FLAT,
  time_mix_decay: FLAT,
};

export const rwkv6 = {
  ...TEXT_MODEL,
  classes: ['Rwkv6ForCausalLM'],
  gguf: 'rwkv6',
  example: 'RWKV/v6-Finch-1B6-HF',
  keys: [
    ...BEGIN,
    LAYER_NORM,
    ['{arch}.rescale_every_n_layers', 'u32', { fields: ['rescale_every'], required: true }],
    ['{arch}.wkv.head_size', 'u32', { fields: ['head_size'], required: true }],
    ...sized('{arch}.time_mix_extra_dim', [], 32, { field: 'hidden_size', is: 4096 }),
    ...sized('{arch}.time_decay_extra_dim', [], 64, { field: 'hidden_size', is: 4096 }),
    feedForward(math('mul', math('quotient', math('mul', HIDDEN, 3.5), 32), 32)),
    ...END,
  ],
  tensors: [
    ...named('token_embd token_embd_norm output_norm output attn_norm attn_norm_2 time_mix_receptance time_mix_key'),
    ...named('time_mix_value time_mix_gate time_mix_ln channel_mix_key channel_mix_receptance'),
    ...rescaled('time_mix_output channel_mix_value'),
    ...weights(`${MIX6} time_mix_w1 time_mix_w2 channel_mix_lerp_k channel_mix_lerp_r`, {
      ...VIA6,
      time_mix_w1: TRANSPOSED,
      time_mix_w2: [['permute', 0, 2, 1]],
      channel_mix_lerp_k: FLAT,
      channel_mix_lerp_r: FLAT,
    }),
    lerpFused('attention'),
  ],
  tokenizer: { kinds: ['rwkv'] },
} as const satisfies Architecture;

const LARGE: Condition = { value: HIDDEN, above: 4095 };

export const rwkv6qwen2 = {
  ...TEXT_MODEL,
  classes: ['RWKV6Qwen2ForCausalLM'],
  gguf: 'rwkv6qwen2',
  example: 'recursal/QRWKV6-32B-Instruct-Preview-v0.1',
  keys: [
    ...BEGIN,
    ['{arch}.wkv.head_size', 'u32', math('quotient', HIDDEN, fields('num_attention_heads'))],
    ...sized('{arch}.time_mix_extra_dim', ['lora_rank_tokenshift'], 32, LARGE),
    ...sized('{arch}.time_decay_extra_dim', ['lora_rank_decay'], 64, LARGE),
    ['{arch}.feed_forward_length', 'u32', { fields: ['intermediate_size'], required: true }],
    ['general.file_type', 'u32', { derive: 'file_type' }],
    RMS_NORM,
    ['{arch}.token_shift_count', 'u32', { value: 1 }],
    ['{arch}.attention.head_count_kv', 'u32', { fields: ['num_key_value_heads'], required: true }],
    ['{arch}.attention.head_count', 'u32', { value: 0 }],
  ],
  tensors: [
    ...named('token_embd output_norm output attn_norm ffn_norm ffn_gate ffn_up ffn_down'),
    ...named('time_mix_receptance time_mix_key time_mix_value time_mix_gate time_mix_ln time_mix_output'),
    ...weights(`${MIX6} time_mix_w1 time_mix_w2`, {
      ...VIA6,
      time_mix_w1: [...TRANSPOSED, ['reshape', 5, -1, HIDDEN], ['pick', 3, 1, 2, 0, 4], ['reshape', -1, HIDDEN]],
      time_mix_w2: [
        ['permute', 0, 2, 1],
        ['pick', 3, 1, 2, 0, 4],
      ],
    }),
    lerpFused('self_attn'),
  ],
  tokenizer: { kinds: ['sentencepiece', 'bpe'] },
} as const satisfies Architecture;

/** Ranks that follow from the hidden size where config.json has none. */
const rank = (key: string, names: readonly string[], exponent: number, factor: number): KeyRow => {
  const exact = math('mul', math('pow', HIDDEN, exponent), factor / 32);
  const rounded = math('quotient', math('add', exact, 0.5), 1);
  return [`{arch}.attention.${key}`, 'u32', { first: [{ fields: names }, math('mul', math('max', rounded, 1), 32)] }];
};

const FIRST_BLOCK: LayerTest = { every: { derive: 'block_count' } };
const LATER_BLOCKS: LayerTest = { from: { value: 1 } };
const VECTORS7 = 'time_mix_k_k time_mix_k_a time_mix_r_k channel_mix_lerp_k';

/** A low-rank part: `x1`, `x2` and `x0` of RWKV's own checkpoints, or the layers of a module in those of FLA. */
const lowRank = (part: string, on?: LayerTest, to = part): readonly TensorRule[] => {
  const rule = (from: string, target: string, via?: readonly Transform[]): TensorRule => ({
    from: [`{L}.attention.${part}${from}`],
    to: `blk.{b}.time_mix_${to}${target}.weight`,
    ...(via && { via }),
    ...(on && { on }),
  });
  return [
    ...['1', '2'].flatMap((end) => ['', '.weight'].map((suffix) => rule(end + suffix, end, TRANSPOSED))),
    ...['0', '0.weight', '_lora.lora.2.bias'].map((end) => rule(end, '0', FLAT)),
    rule('_lora.lora.0.weight', '1'),
    rule('_lora.lora.2.weight', '2'),
  ];
};

const lerp7 = (names: string, when: Condition): readonly TensorRule[] => [
  {
    all: [...names].map((name) => `{L}.attention.x_${name}`),
    to: 'blk.{b}.time_mix_lerp_fused.weight',
    via: [['stack']],
    when,
  },
  {
    from: ['{L}.attention.x_x'],
    to: 'blk.{b}.time_mix_lerp_fused.weight',
    via: [['reshape', names.length, 1, 1, -1]],
    when,
  },
];

const NO_GATE: Condition = { field: 'wkv_has_gate', is: false };

const RWKV7_TENSORS: readonly TensorRule[] = [
  ...named('token_embd token_embd_norm output_norm output attn_norm time_mix_receptance time_mix_key time_mix_value'),
  ...named('time_mix_ln time_mix_output channel_mix_key channel_mix_value'),
  ...weights(VECTORS7, Object.fromEntries(VECTORS7.split(' ').map((name) => [name, FLAT]))),
  // The first block has no values of an earlier block to mix in: what stands there instead is never used.
  ...lowRank('a', FIRST_BLOCK, 'v'),
  ...lowRank('v', FIRST_BLOCK).map(({ to: _, via: __, ...rule }) => rule),
  ...lowRank('v', LATER_BLOCKS),
  ...['w', 'a', 'g'].flatMap((part) => lowRank(part)),
  ...lerp7('rwkvag', { not: NO_GATE }),
  ...lerp7('rwkva', NO_GATE),
];

export const rwkv7 = {
  ...TEXT_MODEL,
  classes: ['Rwkv7ForCausalLM', 'RWKV7ForCausalLM'],
  gguf: 'rwkv7',
  example: 'fla-hub/rwkv7-1.5B-world',
  rename: [
    ['blocks', 'layers'],
    ['ffn', 'feed_forward'],
    ['self_attn', 'attention'],
    ['attn', 'attention'],
    ['time_mixer.', ''],
    ['feed_forward_norm', 'ln2'],
    ['g_norm', 'ln_x'],
  ],
  keys: [
    ...BEGIN,
    LAYER_NORM,
    ['{arch}.wkv.head_size', 'u32', fields('head_size', 'head_dim')],
    rank('decay_lora_rank', ['lora_rank_decay', 'decay_low_rank_dim'], 0.5, 1.8),
    rank('iclr_lora_rank', ['lora_rank_iclr', 'a_low_rank_dim'], 0.5, 1.8),
    rank('value_residual_mix_lora_rank', ['lora_rank_value_residual_mix', 'v_low_rank_dim'], 0.5, 1.3),
    rank('gate_lora_rank', ['lora_rank_gate', 'gate_low_rank_dim'], 0.8, 0.6),
    feedForward(math('mul', HIDDEN, 4)),
    ...END,
  ],
  tensors: [...RWKV7_TENSORS, ...named('attn_norm_2')],
  tokenizer: { kinds: ['rwkv'] },
} as const satisfies Architecture;

const constant = (key: string, value: number, when?: Condition): KeyRow =>
  when ? [`{arch}.attention.${key}`, 'u32', { value }, when] : [`{arch}.attention.${key}`, 'u32', { value }];

export const arwkv7 = {
  ...rwkv7,
  classes: ['RwkvHybridForCausalLM'],
  gguf: 'arwkv7',
  example: 'RWKV-Red-Team/ARWKV-7B-Preview-0.1',
  keys: [
    ...BEGIN,
    RMS_NORM,
    ['{arch}.wkv.head_size', 'u32', { fields: ['head_size'], required: true }],
    constant('decay_lora_rank', 64),
    constant('iclr_lora_rank', 64),
    constant('value_residual_mix_lora_rank', 32),
    constant('gate_lora_rank', 128, { not: NO_GATE }),
    constant('gate_lora_rank', 0, NO_GATE),
    ['{arch}.feed_forward_length', 'u32', { fields: ['intermediate_size'], required: true }],
    ['general.file_type', 'u32', { derive: 'file_type' }],
    ['{arch}.token_shift_count', 'u32', { value: 1 }],
    ['{arch}.attention.head_count', 'u32', { value: 0 }],
  ],
  tensors: [...RWKV7_TENSORS, ...named('ffn_norm ffn_gate ffn_up ffn_down')],
  tokenizer: { kinds: ['sentencepiece', 'bpe'] },
} as const satisfies Architecture;

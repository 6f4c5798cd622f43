import type { Architecture, KeyRow, TensorRule } from '../architecture.js';
import { rename, TEXT_MODEL } from '../rules.js';

const required = (key: string, field: string, type: 'u32' | 'f32' = 'u32'): KeyRow => [
  `{arch}.${key}`,
  type,
  { fields: [field], required: true },
];

/** @param blocks of the decoder. @param start the token that it starts with. */
const keysOf = (blocks: readonly KeyRow[], start: readonly KeyRow[]): readonly KeyRow[] => [
  ['{arch}.context_length', 'u32', { fields: ['n_positions'], or: 512 }],
  required('embedding_length', 'd_model'),
  required('feed_forward_length', 'd_ff'),
  ['{arch}.block_count', 'u32', { derive: 'block_count' }],
  ...blocks,
  required('attention.head_count', 'num_heads'),
  required('attention.key_length', 'd_kv'),
  required('attention.value_length', 'd_kv'),
  required('attention.layer_norm_epsilon', 'layer_norm_epsilon', 'f32'),
  required('attention.relative_buckets_count', 'relative_attention_num_buckets'),
  required('attention.layer_norm_rms_epsilon', 'layer_norm_epsilon', 'f32'),
  ...start,
  ['general.file_type', 'u32', { derive: 'file_type' }],
];

/**
 * The layers of a block, in their order: what each is called in GGUF and in the checkpoint.
 * @param coder `encoder` or `decoder`.
 */
function blocksOf(coder: string, layers: readonly (readonly [to: string, from: string])[]): readonly TensorRule[] {
  const to = `${coder.slice(0, 3)}.blk.{b}`;
  return layers.flatMap(([own, module], i) => {
    const from = `${coder}.block.{b}.layer.${i}`;
    const parts = module === 'DenseReluDense' ? FEED_FORWARD : ATTENTION;
    return [
      rename(`${to}.${own}_norm`, `${from}.layer_norm`),
      ...parts.map(([part, ...names]) => rename(`${to}.${own}_${part}`, ...names.map((n) => `${from}.${module}.${n}`))),
    ];
  });
}

const ATTENTION = [
  ['q', 'q'],
  ['k', 'k'],
  ['v', 'v'],
  ['o', 'o'],
  ['rel_b', 'relative_attention_bias'],
] as const;
const FEED_FORWARD = [
  ['gate', 'wi_0'],
  ['up', 'wi', 'wi_1'],
  ['down', 'wo'],
] as const;

const ENCODER: readonly TensorRule[] = [
  // A checkpoint has the embeddings under one of these names, or under several.
  { ...rename('token_embd', 'shared', 'encoder.embed_tokens', 'decoder.embed_tokens'), first: true },
  rename('output', 'lm_head'),
  rename('enc.output_norm', 'encoder.final_layer_norm'),
  ...blocksOf('encoder', [
    ['attn', 'SelfAttention'],
    ['ffn', 'DenseReluDense'],
  ]),
];

export const t5 = {
  ...TEXT_MODEL,
  classes: [
    'T5WithLMHeadModel',
    'T5ForConditionalGeneration',
    'MT5ForConditionalGeneration',
    'UMT5ForConditionalGeneration',
    'UMT5Model',
  ],
  gguf: 't5',
  example: 'google/flan-t5-small',
  blockLimit: { math: 'max', of: [{ derive: 'block_count' }, { derive: 'decoder_block_count' }] },
  keys: keysOf(
    [['{arch}.decoder_block_count', 'u32', { derive: 'decoder_block_count' }]],
    [['{arch}.decoder_start_token_id', 'u32', { fields: ['decoder_start_token_id'] }]],
  ),
  tensors: [
    ...ENCODER,
    rename('dec.output_norm', 'decoder.final_layer_norm'),
    ...blocksOf('decoder', [
      ['attn', 'SelfAttention'],
      ['cross_attn', 'EncDecAttention'],
      ['ffn', 'DenseReluDense'],
    ]),
  ],
  tokenizer: { kinds: ['t5'] },
} as const satisfies Architecture;

export const t5Encoder = {
  ...t5,
  classes: ['T5EncoderModel'],
  gguf: 't5encoder',
  example: 'sentence-transformers/sentence-t5-base',
  keys: keysOf([], []),
  tensors: ENCODER,
} as const satisfies Architecture;

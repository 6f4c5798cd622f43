import type { Architecture, Condition, KeyRow, Transform, Value } from '../architecture.js';
import { DENSE, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, needed, TEXT_KEYS } from '../text-keys.js';

const NORMS = 'output_norm attn_norm ffn_norm attn_q_norm attn_k_norm post_attention_norm post_ffw_norm'.split(' ');

/** The embedding is the output. */
const TIED = DENSE.replace(' output ', ' ');

/** Norms are kept as what they differ from 1 by. */
const PLUS_ONE = Object.fromEntries(NORMS.map((name): [string, Transform[]] => [`${name}.weight`, [['add', 1]]]));

/** Tokens that the tokenizer doesn't have get no row. */
export const KNOWN_TOKENS: Readonly<Record<string, readonly Transform[]>> = {
  'token_embd.weight': [['cut', { derive: 'tokenizer_size' }]],
};

const GEMMA_KEYS: readonly KeyRow[] = [
  needed('context_length', 'u32', 'max_position_embeddings'),
  needed('embedding_length', 'u32', 'hidden_size'),
  BLOCK_COUNT,
  needed('feed_forward_length', 'u32', 'intermediate_size'),
  needed('attention.head_count', 'u32', 'num_attention_heads'),
  needed('attention.head_count_kv', 'u32', 'num_key_value_heads', 'num_attention_heads'),
  needed('attention.layer_norm_rms_epsilon', 'f32', 'rms_norm_eps'),
  needed('attention.key_length', 'u32', 'head_dim'),
  needed('attention.value_length', 'u32', 'head_dim'),
  FILE_TYPE,
];

export const gemma2 = {
  ...TEXT_MODEL,
  classes: ['Gemma2ForCausalLM'],
  gguf: 'gemma2',
  example: 'google/gemma-2-9b-it',
  keys: [
    ...GEMMA_KEYS,
    needed('attn_logit_softcapping', 'f32', 'attn_logit_softcapping'),
    needed('final_logit_softcapping', 'f32', 'final_logit_softcapping'),
    needed('attention.sliding_window', 'u32', 'sliding_window'),
  ],
  tensors: named(`${TIED} post_ffw_norm post_attention_norm`, PLUS_ONE),
  ignore: [...TEXT_MODEL.ignore, 'lm_head.weight'],
  tokenizer: { kinds: ['sentencepiece'], after: ['no-space-prefix'] },
} as const satisfies Architecture;

export const gemma = {
  ...gemma2,
  classes: ['GemmaForCausalLM'],
  gguf: 'gemma',
  example: 'google/gemma-2b',
  keys: GEMMA_KEYS,
  tensors: named(TIED, PLUS_ONE),
  tokenizer: { kinds: ['sentencepiece'], after: ['code-gemma-infill', 'no-space-prefix'] },
  unproven: true,
} as const satisfies Architecture;

const usual = (key: string, type: 'u32' | 'f32', field: string, or: number): KeyRow => [
  `{arch}.${key}`,
  type,
  { fields: [field], or },
];
const CAP: Value = { fields: ['final_logit_softcapping'] };
const HAS_WINDOW: Condition = { not: { field: 'sliding_window_pattern', is: 1 } };

export const GEMMA3_KEYS: readonly KeyRow[] = [
  ...TEXT_KEYS,
  usual('context_length', 'u32', 'max_position_embeddings', 131072),
  usual('attention.head_count', 'u32', 'num_attention_heads', 8),
  usual('attention.layer_norm_rms_epsilon', 'f32', 'rms_norm_eps', 1e-6),
  usual('attention.key_length', 'u32', 'head_dim', 256),
  usual('attention.value_length', 'u32', 'head_dim', 256),
  ['{arch}.rope.freq_base', 'f32', { fields: ['rope_theta'], of: 'rope', or: 1_000_000 }],
  ['{arch}.final_logit_softcapping', 'f32', CAP, { set: CAP }],
  ['{arch}.attention.sliding_window', 'u32', { fields: ['sliding_window'], required: true }, HAS_WINDOW],
  usual('attention.head_count_kv', 'u32', 'num_key_value_heads', 4),
];

export const GEMMA3_TENSORS = `${DENSE} attn_q_norm attn_k_norm post_ffw_norm post_attention_norm`;

export const gemma3 = {
  ...TEXT_MODEL,
  classes: ['Gemma3ForCausalLM', 'Gemma3ForConditionalGeneration'],
  gguf: 'gemma3',
  example: 'google/gemma-3-4b-it',
  keys: GEMMA3_KEYS,
  tensors: named(GEMMA3_TENSORS, { ...PLUS_ONE, ...KNOWN_TOKENS }),
  files: ['tokenizer.json'],
  tokenizer: { kinds: ['sentencepiece', 'bpe'], after: ['no-sentencepiece-space-prefix'] },
} as const satisfies Architecture;

/** EmbeddingGemma. Its window is the one of config.json, which transformers changes. */
export const gemmaEmbedding = {
  ...gemma3,
  classes: ['Gemma3TextModel'],
  gguf: 'gemma-embedding',
  example: 'google/embeddinggemma-300m',
  keys: [
    ...GEMMA3_KEYS,
    ['{arch}.attention.sliding_window', 'u32', { derive: 'released_window' }],
    ...(['dense_2_feat_in', 'dense_2_feat_out', 'dense_3_feat_in', 'dense_3_feat_out'] as const).map(
      (name): KeyRow => [`{arch}.${name}`, 'u32', { derive: name }],
    ),
    ['{arch}.pooling_type', 'u32', { derive: 'pooling_type' }],
  ],
  tensors: [...gemma3.tensors, ...named('dense_2 dense_3')],
  files: ['config.json', 'tokenizer.json'],
  denseModules: true,
} as const satisfies Architecture;

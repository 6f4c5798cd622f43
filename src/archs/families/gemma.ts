import type { Architecture, KeyRow, TensorRule, Transform } from '../architecture.js';
import { DENSE, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { keyList, LAYER_WINDOWS, TEXT_KEYS, whereSet } from '../text-keys.js';

/** The embedding is the output. */
const TIED = DENSE.replace(' output ', ' ');
const NORMS = 'output_norm attn_norm ffn_norm attn_q_norm attn_k_norm post_attention_norm post_ffw_norm'.split(' ');

/** Norms are kept as what they differ from 1 by. */
const PLUS_ONE = Object.fromEntries(NORMS.map((name): [string, Transform[]] => [`${name}.weight`, [['add', 1]]]));

/** Tokens that the tokenizer doesn't have get no row. */
export const KNOWN_TOKENS: Readonly<Record<string, readonly Transform[]>> = {
  'token_embd.weight': [['cut', { derive: 'tokenizer_size' }]],
};

const GEMMA_KEYS: readonly KeyRow[] = keyList(`
  context_length=max_position_embeddings embedding_length=hidden_size block_count feed_forward_length=intermediate_size
  attention.head_count=num_attention_heads attention.head_count_kv=num_key_value_heads|num_attention_heads
  attention.layer_norm_rms_epsilon:f32=rms_norm_eps attention.key_length=head_dim attention.value_length=head_dim
  file_type
`);

export const gemma2 = {
  ...TEXT_MODEL,
  classes: ['Gemma2ForCausalLM'],
  gguf: 'gemma2',
  example: 'google/gemma-2-9b-it',
  keys: [
    ...GEMMA_KEYS,
    ...keyList('attn_logit_softcapping:f32=attn_logit_softcapping'),
    ...keyList('final_logit_softcapping:f32=final_logit_softcapping attention.sliding_window=sliding_window'),
  ],
  tensors: named(`${TIED} post_ffw_norm post_attention_norm`, PLUS_ONE),
  ignore: [...TEXT_MODEL.ignore, 'lm_head.weight'],
  tokenizer: { kinds: ['sentencepiece'], after: ['no-sentencepiece-space-prefix'] },
} as const satisfies Architecture;

export const gemma = {
  ...gemma2,
  classes: ['GemmaForCausalLM'],
  gguf: 'gemma',
  example: 'google/gemma-2b',
  keys: GEMMA_KEYS,
  tensors: named(TIED, PLUS_ONE),
  tokenizer: { kinds: ['sentencepiece'], after: ['code-gemma-infill', 'no-sentencepiece-space-prefix'] },
  unproven: true,
} as const satisfies Architecture;

export const GEMMA3_KEYS: readonly KeyRow[] = [
  ...TEXT_KEYS,
  ...keyList(`
    context_length=max_position_embeddings?131072 attention.head_count=num_attention_heads?8
    attention.layer_norm_rms_epsilon:f32=rms_norm_eps?1e-6 attention.key_length=head_dim?256
    attention.value_length=head_dim?256 rope.freq_base:f32=rope/rope_theta?1000000
  `),
  whereSet('final_logit_softcapping', 'f32', 'final_logit_softcapping'),
  [
    '{arch}.attention.sliding_window',
    'u32',
    { fields: ['sliding_window'], required: true },
    { not: { field: 'sliding_window_pattern', is: 1 } },
  ],
  ...keyList('attention.head_count_kv=num_key_value_heads?4'),
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
    ...keyList(`
      attention.sliding_window=@released_window
      dense_2_feat_in=@dense_2_feat_in dense_2_feat_out=@dense_2_feat_out
      dense_3_feat_in=@dense_3_feat_in dense_3_feat_out=@dense_3_feat_out pooling_type=@pooling_type
    `),
  ],
  tensors: [...gemma3.tensors, ...named('dense_2 dense_3')],
  files: ['config.json', 'tokenizer.json'],
  denseModules: true,
} as const satisfies Architecture;

/** Rows of zeros for the tokens that encoders fill. */
const ALL_TOKENS: readonly Transform[] = [['pad', { fields: ['vocab_size'], or: 262400 }]];

const stacked = (to: string, name: string): TensorRule => ({
  all: [0, 1, 2].map((i) => `${name}.${i}.weight`),
  to: `${to}.weight`,
  via: [['stack']],
});

export const gemma3n = {
  ...TEXT_MODEL,
  classes: ['Gemma3nForCausalLM', 'Gemma3nForConditionalGeneration'],
  gguf: 'gemma3n',
  example: 'google/gemma-3n-E2B-it',
  keys: [
    ...GEMMA3_KEYS,
    ...keyList(`
      altup.active_idx=altup_active_idx altup.num_inputs=altup_num_inputs
      embedding_length_per_layer_input=hidden_size_per_layer_input attention.shared_kv_layers=num_kv_shared_layers
      activation_sparsity_scale:f32[]=@activation_sparsity
    `),
    LAYER_WINDOWS,
  ],
  tensors: [
    ...named(
      `${GEMMA3_TENSORS} per_layer_token_embd per_layer_model_proj per_layer_proj_norm inp_gate proj post_norm ` +
        'altup_correct_coef altup_predict_coef altup_router altup_router_norm laurel_l laurel_r laurel_post_norm',
      { token_embd: ALL_TOKENS, per_layer_token_embd: ALL_TOKENS },
    ),
    { from: ['{L}.altup.correct_output_scale'], to: 'blk.{b}.altup_correct_scale.weight' },
    stacked('altup_proj', 'model.altup_projections'),
    stacked('altup_unembd_proj', 'model.altup_unembed_projections'),
  ],
  tokenizer: gemma3.tokenizer,
} as const satisfies Architecture;

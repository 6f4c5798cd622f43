/** The types and ranges of the keys that programs know. Facts: src/llama-model.cpp, src/llama-vocab.cpp of llama.cpp v0.5.0. */
export interface KnownKey {
  /** `{arch}` stands for the architecture, `{n}` for a number. */
  readonly key: string;
  /** As `typeName` writes them; the first is what converters write. */
  readonly types: readonly string[];
  /** Whether llama.cpp reads it of every model, and loads none in which it is of another type or out of range. */
  readonly strict: boolean;
  readonly range?: Range;
}

/** Numbers from one to another, one of some texts, or a token of the vocabulary. */
export type Range = { readonly from: number; readonly to: number } | { readonly oneOf: readonly string[] } | 'token';

type Rows = readonly (readonly [types: string, keys: string, range?: Range])[];

const SCALING_TYPES = ['none', 'linear', 'yarn', 'longrope'];
const TOKENIZERS = 'llama gpt2 bert t5 rwkv gemma4 plamo2 hybriddna whitespace none no_vocab test'.split(' ');
/** LLAMA_MAX_LAYERS. */
const MAX_BLOCKS = 512;

const STRICT: Rows = [
  ['string', 'general.architecture general.name'],
  ['u32', 'general.file_type general.alignment'],
  ['u16', 'split.no split.count'],
  ['i32', 'split.tensors.count'],
  ['u32', '{arch}.context_length {arch}.embedding_length {arch}.pooling_type'],
  ['u32', '{arch}.block_count', { from: 1, to: MAX_BLOCKS }],
  ['u32', '{arch}.nextn_predict_layers {arch}.expert_count {arch}.expert_group_count {arch}.expert_group_used_count'],
  [
    'u32 u32[] i32[]',
    '{arch}.feed_forward_length {arch}.attention.head_count {arch}.attention.head_count_kv {arch}.expert_used_count',
  ],
  ['u32', '{arch}.attention.key_length {arch}.attention.value_length {arch}.rope.dimension_count'],
  ['bool', '{arch}.attention.causal {arch}.rope.scaling.finetuned'],
  ['f32', '{arch}.rope.freq_base {arch}.rope.scaling.factor {arch}.rope.scale_linear {arch}.rope.scaling.attn_factor'],
  ['string', '{arch}.rope.scaling.type', { oneOf: SCALING_TYPES }],
  ['u32', '{arch}.rope.scaling.original_context_length tokenizer.ggml.token_type_count'],
  ['string', 'tokenizer.ggml.model', { oneOf: TOKENIZERS }],
  ['string', 'tokenizer.ggml.pre'],
  ['string[]', 'tokenizer.ggml.tokens tokenizer.ggml.merges'],
  ['f32[] i32[]', 'tokenizer.ggml.scores'],
  ['i32[]', 'tokenizer.ggml.token_type tokenizer.ggml.suppress_tokens'],
  ['bool', 'tokenizer.ggml.add_bos_token tokenizer.ggml.add_eos_token tokenizer.ggml.add_sep_token'],
  ['bool', 'tokenizer.ggml.add_space_prefix tokenizer.ggml.remove_extra_whitespaces'],
];

const TOKENS =
  'bos eos eot eom unknown seperator padding mask fim_pre fim_suf fim_mid fim_pad fim_rep fim_sep prefix suffix middle';

const OTHERS: Rows = [
  [
    'f32',
    '{arch}.attention.layer_norm_rms_epsilon {arch}.attention.layer_norm_epsilon',
    { from: 0, to: Number.MAX_VALUE },
  ],
  ['f32', '{arch}.attention.temperature_scale {arch}.attention.scale {arch}.rope.freq_base_swa'],
  [
    'u32',
    '{arch}.vocab_size {arch}.attention.sliding_window {arch}.expert_gating_func {arch}.expert_feed_forward_length',
  ],
  ['i32[] u32[]', '{arch}.rope.dimension_sections'],
  ['f32', '{arch}.rope.scaling.yarn_ext_factor {arch}.rope.scaling.yarn_attn_factor'],
  ['f32', '{arch}.rope.scaling.yarn_beta_fast {arch}.rope.scaling.yarn_beta_slow'],
  ['f32', '{arch}.rope.scaling.yarn_log_multiplier'],
  ['string', 'general.type general.author general.version general.organization general.finetune general.basename'],
  ['string', 'general.description general.quantized_by general.size_label general.license general.license.name'],
  ['string', 'general.license.link general.url general.doi general.uuid general.repo_url general.source.url'],
  ['string[]', 'general.tags general.languages general.datasets'],
  ['u32', 'general.quantization_version general.base_model.count general.dataset.count'],
  ['string', 'general.base_model.{n}.name general.base_model.{n}.organization general.base_model.{n}.repo_url'],
  ['string', 'tokenizer.chat_template tokenizer.huggingface.json'],
  ['string[]', 'tokenizer.chat_templates'],
  ['u32', 'tokenizer.ggml.cls_token_id', 'token'],
];

/** Lists under these keys, behind the architecture, have an entry a block. */
export const PER_BLOCK_KEYS: readonly string[] = [
  ...['feed_forward_length', 'attention.head_count', 'attention.head_count_kv', 'expert_used_count'],
  ...['expert_feed_forward_length', 'swiglu_clamp_exp', 'swiglu_clamp_shexp', 'attention.compress_ratios'],
  ...['attention.sliding_window_pattern', 'attention.recurrent_layers', 'attention.indexer.types'],
  'attention.rope_pattern',
];

/** All that are known, those that llama.cpp reads of every model first. */
export const KNOWN_KEYS: readonly KnownKey[] = [
  ...STRICT.flatMap((row) => knownKeys(row, true)),
  ...TOKENS.split(' ').flatMap((name) => knownKeys(['u32', `tokenizer.ggml.${name}_token_id`, 'token'], true)),
  ...OTHERS.flatMap((row) => knownKeys(row, false)),
];

function knownKeys([types, keys, range]: Rows[number], strict: boolean): KnownKey[] {
  return keys.split(' ').map((key) => ({ key, types: types.split(' '), strict, ...(range && { range }) }));
}

/** The row of a model's key; undefined for a key that is not known. */
export function findKnownKey(key: string, architecture: string): KnownKey | undefined {
  const general = key.startsWith(`${architecture}.`) ? `{arch}${key.slice(architecture.length)}` : key;
  const numbered = general.replace(/\.\d+\./, '.{n}.');
  return BY_KEY.get(general) ?? BY_KEY.get(numbered);
}

const BY_KEY = new Map(KNOWN_KEYS.map((known) => [known.key, known]));

import { isDeepStrictEqual } from 'node:util';
import { isObject, type Json, type JsonObject } from '#src/json.js';
import type { Version } from '#src/transformers/rules.js';

/** One model type of config-defaults.json: what transformers gives a config.json with that `model_type` alone. */
export interface Recorded {
  readonly class: string;
  readonly transformers: string;
  /** The class's older names of fields, and the names that it keeps them under. */
  readonly attribute_map: Readonly<Record<string, string>>;
  readonly defaults: JsonObject;
  /** The fields that follow from others; they are missing in `defaults`. */
  readonly derived: readonly string[];
}

/** The fields that `PretrainedConfig` gives every class, in the versions of transformers that are recorded. */
// biome-ignore format: one line a version
const COMMON_DEFAULTS: Readonly<Record<Version, JsonObject>> = {
  4: { return_dict: true, output_hidden_states: false, torchscript: false, pruned_heads: {}, tie_word_embeddings: true, chunk_size_feed_forward: 0, is_encoder_decoder: false, is_decoder: false, cross_attention_hidden_size: null, add_cross_attention: false, tie_encoder_decoder: false, architectures: null, finetuning_task: null, id2label: { 0: 'LABEL_0', 1: 'LABEL_1' }, label2id: { LABEL_0: 0, LABEL_1: 1 }, task_specific_params: null, problem_type: null, tokenizer_class: null, prefix: null, bos_token_id: null, pad_token_id: null, eos_token_id: null, sep_token_id: null, decoder_start_token_id: null, max_length: 20, min_length: 0, do_sample: false, early_stopping: false, num_beams: 1, temperature: 1, top_k: 50, top_p: 1, typical_p: 1, repetition_penalty: 1, length_penalty: 1, no_repeat_ngram_size: 0, encoder_no_repeat_ngram_size: 0, bad_words_ids: null, num_return_sequences: 1, output_scores: false, return_dict_in_generate: false, forced_bos_token_id: null, forced_eos_token_id: null, remove_invalid_values: false, exponential_decay_length_penalty: null, suppress_tokens: null, begin_suppress_tokens: null, num_beam_groups: 1, diversity_penalty: 0, tf_legacy_loss: false, use_bfloat16: false, output_attentions: false },
  5: { return_dict: true, output_hidden_states: false, output_attentions: false, chunk_size_feed_forward: 0, is_encoder_decoder: false, architectures: null, id2label: { 0: 'LABEL_0', 1: 'LABEL_1' }, label2id: { LABEL_0: 0, LABEL_1: 1 }, problem_type: null },
};

export type Records = Readonly<Record<string, Recorded>>;

/**
 * src/generated/config-defaults.ts: of every chosen type the fields that differ from what all classes have.
 * @param classes the classes that llama.cpp's converters register.
 */
export function defaultsSource(records: Records, classes: readonly string[]): string {
  const lines = [...chosenTypes(records, classes)].sort().map((name) => {
    const entry = JSON.stringify(entryOf(records, name));
    return `  ${/^\w+$/.test(name) ? name : `'${name}'`}: '${entry.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}',`;
  });
  const common = Object.entries(COMMON_DEFAULTS).map(([version, fields]) => `  ${version}: ${JSON.stringify(fields)},`);
  return `${HEAD}\n${common.join('\n')}\n};\n\n${TYPES_HEAD}\n${lines.join('\n')}\n};\n`;
}

const HEAD = `// biome-ignore-all format: one line a model type
// Written by \`npm run config-defaults\`.
import type { JsonObject } from '../json.js';

/**
 * The fields that \`PretrainedConfig\` of transformers gives every class: 4 is version 4.57.6, and 5 is 5.23.0, for types
 * that 4.57.6 does not have.
 */
export const COMMON_DEFAULTS: Readonly<Record<4 | 5, JsonObject>> = {`;

const TYPES_HEAD = `/**
 * \`model_type\` → what transformers' configuration class gives the fields that config.json leaves out, as JSON. A type is
 * parsed when it is needed. \`ModelType\` says what the JSON holds.
 */
export const DEFAULTS: Readonly<Record<string, string>> = {`;

/**
 * The types whose class has the name of a converter's class, and Grok 2's, which calls itself a `git`; then the types that have one of these as their text model;
 * then the types of all parts of these.
 */
function chosenTypes(records: Records, classes: readonly string[]): ReadonlySet<string> {
  const known = classes.map((name) => name.toLowerCase());
  const types = Object.entries(records);
  const models = types.filter(([, { class: name }]) => {
    const stem = name.replace(/(Text)?Config$/, '').toLowerCase();
    return known.some((each) => each.startsWith(stem));
  });
  const chosen = new Set([...models.map(([name]) => name), 'git']);
  const around = types.filter(([, { defaults }]) => {
    const text = defaults.text_config;
    return isObject(text) && typeof text.model_type === 'string' && chosen.has(text.model_type);
  });
  for (const [name] of around) {
    chosen.add(name);
  }
  // A set's loop reaches what is added in it.
  for (const name of chosen) {
    for (const [, part] of partsOf(records[name]?.defaults ?? {})) {
      if (typeof part.model_type === 'string' && records[part.model_type]) {
        chosen.add(part.model_type);
      }
    }
  }
  return chosen;
}

function entryOf(records: Records, name: string): JsonObject {
  const record = records[name];
  if (!record) {
    throw new Error(`config-defaults.json has no ${name}.`);
  }
  const version = versionOf(record);
  const parts = partsOf(record.defaults).map(([key, part]) => [key, partOf(records, part, version, name)] as const);
  const fields = different(record.defaults, COMMON_DEFAULTS[version]);
  for (const [key] of parts) {
    delete fields[key];
  }
  return {
    ...(version === 4 ? {} : { version }),
    ...given('aliases', record.attribute_map),
    ...given('fields', { ...fields, ...HIDDEN_DEFAULTS[name] }),
    ...given('parts', Object.fromEntries(parts)),
    ...(record.derived.length === 0 ? {} : { derived: record.derived }),
  };
}

/**
 * Defaults that config-defaults.json does not show. Either the class's rules change the field afterwards, or the
 * class changes a default that all classes share, or the class has another `model_type` than the one it is registered
 * for.
 */
const HIDDEN_DEFAULTS: Readonly<Record<string, JsonObject>> = {
  code_llama: { model_type: 'llama' },
  glm4v_moe_text: { model_type: 'Glm4vMoe_text' },
  'gpt-sw3': { model_type: 'gpt2' },
  granitevision: { model_type: 'llava_next' },
  hunyuan_v1_moe: { sep_token_id: 4 },
  lfm2_vl: { model_type: 'lfm2-vl' },
  modernbert: { sep_token_id: 50282 },
  mt5: { is_encoder_decoder: true, tokenizer_class: 'T5Tokenizer', decoder_start_token_id: 0 },
  qwen2: { sliding_window: 4096 },
  qwen2_5_omni_text: { sliding_window: 32768 },
  qwen2_5_vl_text: { sliding_window: 4096 },
  qwen2_moe: { sliding_window: 4096 },
  qwen2_vl_text: { sliding_window: 4096 },
  qwen3: { sliding_window: 4096 },
  qwen3_moe: { sliding_window: 4096 },
  t5: { is_encoder_decoder: true },
  umt5: { is_encoder_decoder: true, tokenizer_class: 'T5Tokenizer', decoder_start_token_id: 0 },
};

const NONE: JsonObject = {};

/** What a part has where config.json has none, less what the part's own class gives it. */
function partOf(records: Records, part: JsonObject, version: Version, around: string): JsonObject {
  const type = part.model_type;
  const own = typeof type === 'string' && type !== around ? records[type] : undefined;
  const base = own && versionOf(own) === version ? own.defaults : NONE;
  const fields = different(part, { ...COMMON_DEFAULTS[version], ...base });
  for (const name of own?.derived ?? []) {
    // What one version derives may be a constant of the other; a list with an element for each layer never is.
    if (FOLLOWS[name]?.(part) ?? (base !== NONE || Array.isArray(fields[name]))) {
      delete fields[name];
    }
  }
  for (const [key, nested] of partsOf(part)) {
    if (fields[key] !== undefined) {
      fields[key] = partOf(records, nested, version, '');
    }
  }
  return { ...fields, model_type: part.model_type };
}

/** Whether a derived field has the value that its class derives; of others that is taken for granted. */
const FOLLOWS: Readonly<Record<string, (fields: JsonObject) => boolean>> = {
  num_key_value_heads: (fields) => fields.num_key_value_heads === fields.num_attention_heads,
  head_dim: (fields) => fields.head_dim === Math.floor(Number(fields.hidden_size) / Number(fields.num_attention_heads)),
};

/** Nested configurations: `PretrainedConfig` leaves its mark on them. */
function partsOf(fields: JsonObject): [string, JsonObject][] {
  return Object.entries(fields).filter(
    (entry): entry is [string, JsonObject] => isObject(entry[1]) && entry[1].architectures !== undefined,
  );
}

/** These name where a configuration was read and how, which the reference's output does not depend on. */
export const INCIDENTAL = ['_name_or_path', 'dtype', 'transformers_version'];

function different(fields: JsonObject, common: JsonObject): Record<string, Json | undefined> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([key, value]) => !INCIDENTAL.includes(key) && !(key in common && isDeepStrictEqual(common[key], value)),
    ),
  );
}

function given(name: string, object: JsonObject): JsonObject {
  return Object.keys(object).length === 0 ? {} : { [name]: object };
}

export function versionOf({ transformers }: Recorded): Version {
  return transformers.startsWith('4.') ? 4 : 5;
}

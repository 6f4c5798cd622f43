import { isObject, type Json, type JsonObject } from '../json.js';
import { checkRopeKeys } from './class-rules.js';
import { type Draft, isMissing, type Rule, refused } from './rules.js';

/** The separate fields of version 4. */
const LEGACY = ['rope_scaling', 'rope_theta', 'partial_rotary_factor'];

/**
 * Moves `rope_scaling`, `rope_theta` and `partial_rotary_factor` into `rope_parameters`, where version 5 keeps
 * everything about rotation. If the class has parameters for each kind of layer, they go into each kind's. ref-quirk:
 * transformers' modeling_rope_utils.py.
 */
const ropeParameters: Rule = (fields, type) => {
  const scaling = isObject(fields.rope_scaling) && Object.keys(fields.rope_scaling).length > 0;
  const own = type.version === 4 ? legacyRope(type.fields) : type.fields.rope_parameters;
  if (own === undefined && isMissing(fields.rope_parameters) && !(scaling && fields.rope_theta)) {
    return;
  }
  const usual = isObject(own) ? own : {};
  const rope = scaling ? fields.rope_scaling : (fields.rope_parameters ?? {});
  // If config.json has parameters, only theta and factor complete them, unless the class has parameters for each kind
  // of layer.
  const given = isObject(rope) ? rope : refused('rope_parameters');
  const base = given === own && !Object.values(usual).some(isObject) ? {} : given;
  const isKind = (type: Json) => typeof type === 'string' && Object.hasOwn(base, type);
  const kinds = Array.isArray(fields.layer_types) ? [...new Set<string>(fields.layer_types.filter(isKind))] : [];
  const standard = (part: Json | undefined) => (isObject(part) ? standardized(part, usual, fields) : null);
  fields.rope_parameters =
    kinds.length === 0
      ? standard(base)
      : { ...base, ...Object.fromEntries(kinds.map((kind) => [kind, standard(base[kind])])) };
  for (const name of LEGACY) {
    if (type.version === 4 || type.fields[name] === undefined) {
      delete fields[name];
    }
  }
};

/** The `rope_parameters` that version 5 gives to a class of version 4; undefined for a class that does not rotate. */
function legacyRope({ rope_theta, partial_rotary_factor: factor }: JsonObject): JsonObject | undefined {
  const partial = factor === undefined ? {} : { partial_rotary_factor: factor };
  return rope_theta === undefined ? undefined : { rope_theta, ...partial };
}

/** Types of scaling that need the context length of the training. */
const SCALED: readonly Json[] = ['llama3', 'yarn', 'longrope'];

/** Rotary fields completed by what the class usually has, and by fields of the root. */
function standardized(given: JsonObject, usual: JsonObject, fields: Draft): JsonObject {
  const named = given.rope_type ?? given.type ?? 'default';
  const type = named === 'default' ? (usual.rope_type ?? named) : named;
  const factor = fields.partial_rotary_factor ?? usual.partial_rotary_factor;
  const rope: Draft = {
    rope_theta: fields.rope_theta ?? usual.rope_theta ?? 10000,
    ...(isMissing(factor) ? {} : { partial_rotary_factor: factor }),
    ...given,
    rope_type: type,
  };
  if (SCALED.includes(type)) {
    const { original_max_position_embeddings: trained, max_position_embeddings: longest } = fields;
    const own = rope.original_max_position_embeddings;
    rope.original_max_position_embeddings = trained !== undefined ? trained : own === undefined ? longest : own;
  }
  checkRopeKeys(type, rope);
  return rope;
}

/** Fields about generation. Version 5 keeps one only if the class declares it. */
const GENERATION = (
  'assistant_confidence_threshold assistant_lookbehind bad_words_ids begin_suppress_tokens diversity_penalty ' +
  'do_sample early_stopping encoder_no_repeat_ngram_size encoder_repetition_penalty epsilon_cutoff eta_cutoff ' +
  'exponential_decay_length_penalty forced_bos_token_id forced_eos_token_id length_penalty max_length min_length ' +
  'no_repeat_ngram_size num_assistant_tokens num_assistant_tokens_schedule num_beam_groups num_beams ' +
  'num_return_sequences output_scores remove_invalid_values repetition_penalty return_dict_in_generate ' +
  'suppress_tokens target_lookbehind temperature top_k top_p typical_p use_cache'
).split(' ');

const dropGeneration: Rule = (fields, type) => {
  for (const name of GENERATION.filter((field) => type.fields[field] === undefined)) {
    delete fields[name];
  }
};

/** Kinds of layers that version 5 calls otherwise. */
const RENAMED: ReadonlyMap<Json, string> = new Map([
  ['mamba', 'linear_attention'],
  ['attention', 'full_attention'],
  ['deepseek_sparse_attention', 'indexed_attention'],
  ['qwen_sparse_attention', 'indexed_attention'],
]);

const renameLayerTypes: Rule = (fields) => {
  for (const name of ['layer_types', 'mtp_layer_types']) {
    const types = fields[name];
    if (Array.isArray(types)) {
      fields[name] = types.map((type) => RENAMED.get(type) ?? type);
    }
  }
};

/** The rules that version 5 runs for every class. */
export const VERSION_5_RULES: readonly Rule[] = [ropeParameters, dropGeneration, renameLayerTypes];

import { COMMON_DEFAULTS } from '../generated/config-defaults.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { times } from '../language/blocks.js';
import { ConfigFieldError, integer } from '../language/fields.js';
import { EMPTY, type ModelType, modelType } from './model-types.js';
import { type Draft, isMissing, refused, type Version } from './rules.js';

/**
 * What transformers' `AutoConfig.from_pretrained(dir).to_dict()` gives for a config.json. Null where transformers does
 * not know the `model_type` or refuses a field. `name_or_path`, `dtype` and the library's version stay as they are in
 * config.json.
 */
export function toDict(raw: JsonObject, version: Version = 4): JsonObject | null {
  try {
    return instantiate(raw.model_type, raw, version, 0);
  } catch (error) {
    if (error instanceof ConfigFieldError) {
      return null;
    }
    throw error;
  }
}

/** The most levels of nested parts. No released class has more than three. */
const MAX_DEPTH = 4;

/** Builds a configuration of a `model_type`, as `AutoConfig.for_model` does. */
function instantiate(name: Json | undefined, given: JsonObject, version: Version, depth: number): JsonObject {
  // ref-quirk: transformers' `AutoConfig.from_pretrained` takes a Mistral with `layer_types` for a Ministral.
  const known = name === 'mistral' && given.layer_types !== undefined ? 'ministral' : name;
  const type = typeof known === 'string' ? modelType(known, version) : undefined;
  return typeof known !== 'string' || !type || type.version > version || depth > MAX_DEPTH
    ? refused('model_type')
    : construct(known, type, given, version, depth);
}

/**
 * Defaults that version 4 gives to all classes. In version 5 a class has them only if it declares them, and all classes
 * of version 4 do.
 */
const DECLARED: JsonObject = { tie_word_embeddings: true, bos_token_id: null, eos_token_id: null, pad_token_id: null };

function construct(name: string, type: ModelType, raw: JsonObject, version: Version, depth: number): JsonObject {
  const given = Object.entries(raw).filter(([key]) => key !== 'model_type');
  const isAlias = (key: string) => Object.hasOwn(type.aliases, key);
  const fields: Draft = {
    ...COMMON_DEFAULTS[version],
    ...(type.version < version ? DECLARED : {}),
    ...type.fields,
    ...Object.fromEntries(given.filter(([key]) => !isAlias(key))),
    model_type: type.fields.model_type ?? name,
  };
  for (const [key, part] of Object.entries(type.parts)) {
    const own = fields[key] ?? flatPart(name, key, raw, type) ?? part;
    fields[key] = instantiatePart(isObject(own) ? own : refused('parts'), part, name, type.version, version, depth + 1);
  }
  if (isMissing(fields.id2label) || (raw.id2label === undefined && !isMissing(raw.num_labels))) {
    const count = isMissing(raw.num_labels) ? 2 : integer({ hparams: fields }, 'num_labels');
    const labels = times(count <= MAX_LABELS ? count : refused('num_labels'), (i) => `LABEL_${i}`);
    fields.id2label = Object.fromEntries(labels.entries());
  }
  for (const rule of type.rules) {
    rule(fields, type);
  }
  for (const [key, value] of given.filter(([key]) => isAlias(key))) {
    fields[type.aliases[key] ?? key] = value;
  }
  return fields;
}

/** The most classes that a classifier may have. Released ones have at most some 20,000. */
const MAX_LABELS = 65_536;

/** Classes whose first repositories have the fields of the text model in the root. */
const FLAT_TEXT = ['glm4v', 'glm4v_moe', 'qwen2_vl', 'qwen2_5_vl'];

function flatPart(name: string, key: string, raw: JsonObject, { fields, parts }: ModelType): JsonObject | undefined {
  const isOwn = (field: string) =>
    field === 'model_type' || Object.hasOwn(fields, field) || Object.hasOwn(parts, field);
  return key === 'text_config' && FLAT_TEXT.includes(name)
    ? Object.fromEntries(Object.entries(raw).filter(([field]) => !isOwn(field)))
    : undefined;
}

/**
 * Builds a nested configuration.
 * @param given what config.json has for the part.
 * @param part the entry in `ModelType.parts`.
 * @param around the `model_type` that has the part. Older configurations give it to the part as well.
 * @param recorded the version that the entry is from.
 */
function instantiatePart(
  given: JsonObject,
  part: JsonObject,
  around: string,
  recorded: Version,
  version: Version,
  depth: number,
): JsonObject {
  const usual = typeof part.model_type === 'string' ? part.model_type : '';
  const own = usual === around ? undefined : modelType(usual, version);
  const name = given.model_type === around ? usual : (given.model_type ?? usual);
  // config.json may name another class for a part only if the part's usual class is known.
  if (own && own.version <= version && (own.version === recorded || name !== usual)) {
    return instantiate(name, given, version, depth);
  }
  // The part's class has no record of the same version, so the entry has all of its defaults.
  const isNamed = (entry: [string, Json | undefined]): entry is [string, JsonObject] =>
    isObject(entry[1]) && entry[1].model_type !== undefined;
  const parts = Object.fromEntries(Object.entries(part).filter(isNamed));
  return construct(usual, { ...EMPTY, ...own, version: recorded, fields: part, parts }, given, version, depth);
}

import { isObject, type Json, type JsonObject } from '../json.js';
import { COMMON_DEFAULTS, type Version } from './common-defaults.js';
import { type ModelType, modelType } from './model-types.js';
import { type Draft, isMissing, Refused, whole } from './rules.js';

/**
 * What transformers' `AutoConfig.from_pretrained(dir).to_dict()` gives for a config.json. Null where transformers does
 * not know the `model_type` or refuses a field. `name_or_path`, `dtype` and the library's version stay as they are in
 * config.json.
 */
export function toDict(raw: JsonObject, version: Version = 4): JsonObject | null {
  try {
    return instantiate(raw.model_type, raw, version, 0);
  } catch (error) {
    if (error instanceof Refused) {
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
  if (typeof known !== 'string' || !type || type.version > version || depth > MAX_DEPTH) {
    throw new Refused('model_type');
  }
  return construct(known, type, given, version, depth);
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
    fields[key] = instantiatePart(
      fields[key] ?? flatPart(name, key, raw, type),
      part,
      name,
      type.version,
      version,
      depth + 1,
    );
  }
  if (isMissing(fields.id2label) || (raw.id2label === undefined && !isMissing(raw.num_labels))) {
    fields.id2label = madeUpLabels(isMissing(raw.num_labels) ? 2 : whole(fields, 'num_labels', MAX_LABELS));
  }
  for (const rule of type.rules) {
    rule(fields, type);
  }
  for (const [key, value] of given) {
    const kept = isAlias(key) ? type.aliases[key] : undefined;
    if (kept !== undefined) {
      fields[kept] = value;
    }
  }
  return fields;
}

/** The most classes that a classifier may have. Released ones have at most some 20,000. */
const MAX_LABELS = 65_536;

/** The names that transformers gives to classes without names. */
function madeUpLabels(count: number): JsonObject {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [i, `LABEL_${i}`]));
}

/** Classes whose first repositories have the fields of the text model in the root. */
const FLAT_TEXT: ReadonlySet<string> = new Set(['glm4v', 'glm4v_moe', 'qwen2_vl', 'qwen2_5_vl']);

function flatPart(name: string, key: string, raw: JsonObject, type: ModelType): JsonObject | undefined {
  if (key !== 'text_config' || !FLAT_TEXT.has(name)) {
    return undefined;
  }
  const own = Object.entries(raw).filter(
    ([field]) => !(Object.hasOwn(type.fields, field) || Object.hasOwn(type.parts, field) || field === 'model_type'),
  );
  return Object.fromEntries(own);
}

/**
 * Builds a nested configuration.
 * @param given what config.json has for the part.
 * @param part the entry in `ModelType.parts`.
 * @param around the `model_type` that has the part. Older configurations give it to the part as well.
 * @param recorded the version that the entry is from.
 */
function instantiatePart(
  given: Json | undefined,
  part: JsonObject,
  around: string,
  recorded: Version,
  version: Version,
  depth: number,
): JsonObject {
  const fields = given ?? part;
  if (!isObject(fields)) {
    throw new Refused('parts');
  }
  const usual = typeof part.model_type === 'string' ? part.model_type : '';
  const own = usual === around ? undefined : modelType(usual, version);
  const name = fields.model_type === around ? usual : (fields.model_type ?? usual);
  // config.json may name another class for a part only if the part's usual class is known.
  if (own && own.version <= version && (own.version === recorded || name !== usual)) {
    return instantiate(name, fields, version, depth);
  }
  // The part's class has no record of the same version, so the entry has all of its defaults.
  const parts = Object.entries(part).filter((entry): entry is [string, JsonObject] => isNamed(entry[1]));
  const type: ModelType = {
    aliases: {},
    derived: [],
    rules: [],
    ...own,
    version: recorded,
    fields: part,
    parts: Object.fromEntries(parts),
  };
  return construct(usual, type, fields, version, depth);
}

function isNamed(value: Json | undefined): boolean {
  return isObject(value) && value.model_type !== undefined;
}

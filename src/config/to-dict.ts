import { isObject, type Json, type JsonObject } from '../json.js';
import { COMMON_DEFAULTS } from './defaults.js';
import { MODEL_TYPES } from './model-types.js';
import { type Draft, Refused } from './rules.js';

/**
 * config.json as transformers' `AutoConfig.from_pretrained(dir).to_dict()` has it, or null where transformers doesn't
 * know the `model_type` or refuses a field. `name_or_path`, `dtype` and the library's version are left as they stand.
 */
export function toDict(raw: JsonObject): JsonObject | null {
  try {
    return instantiate(raw);
  } catch (error) {
    if (error instanceof Refused) {
      return null;
    }
    throw error;
  }
}

function instantiate(raw: JsonObject): JsonObject {
  const name = raw.model_type === 'mistral' && raw.layer_types !== undefined ? 'ministral' : raw.model_type;
  const type = typeof name === 'string' ? MODEL_TYPES.get(name) : undefined;
  if (!type) {
    throw new Refused('model_type');
  }
  const aliases = new Map(Object.entries(type.aliases ?? {}));
  const renamed = Object.fromEntries(Object.entries(raw).map(([key, value]) => [aliases.get(key) ?? key, value]));
  const fields: Draft = { ...COMMON_DEFAULTS, ...type.defaults, ...renamed, model_type: name };
  if (isObject(type.defaults.text_config)) {
    fields.text_config = textConfig(fields.text_config, type.defaults.text_config);
  }
  for (const rule of type.rules) {
    rule(fields);
  }
  return fields;
}

/** `given` is that of config.json, or `fallback` where it has none. */
function textConfig(given: Json | undefined, fallback: JsonObject): JsonObject {
  const text = given ?? fallback;
  if (!isObject(text)) {
    throw new Refused('text_config');
  }
  return instantiate({ model_type: fallback.model_type, ...text });
}

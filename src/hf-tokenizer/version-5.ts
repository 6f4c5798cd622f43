import { isObject, type Json, type JsonObject } from '../json.js';
import { listAt } from './init-arguments.js';
import { SPECIAL_TOKEN_NAMES } from './tokenizer-classes.js';
import type { TokenizerFiles } from './tokenizer-files.js';

/** The tokenizer class that version 5 of transformers writes for tokenizers without a class of their own. */
const VERSION_5_CLASS = 'TokenizersBackend';

/**
 * The version of transformers that the reference loads a repository with: 5 where 4.57.6 cannot load its tokenizer, for
 * it knows neither that class nor a list of `extra_special_tokens`.
 * @param config tokenizer_config.json
 */
export function versionOf(config: JsonObject | null): 4 | 5 {
  return config?.tokenizer_class === VERSION_5_CLASS || Array.isArray(config?.extra_special_tokens) ? 5 : 4;
}

const ROLE_KEYS: ReadonlySet<string> = new Set(SPECIAL_TOKEN_NAMES.map((name) => `${name}_token`));

/** What special_tokens_map.json says; nothing where tokenizer_config.json lists the added tokens. */
function mapOf({ tokenizerConfig, specialTokensMap }: TokenizerFiles): JsonObject {
  return isObject(tokenizerConfig?.added_tokens_decoder) ? {} : (specialTokensMap ?? {});
}

/**
 * The special tokens that version 5 adds behind those with a role: tokens that the model names itself, as
 * `audio_token`, then those of a list. Of named tokens, texts of tokenizer_config.json come last, or where it has none,
 * `model_specific_special_tokens`.
 * ref-quirk: transformers 5.23, `_from_pretrained` and `__init__` in tokenization_utils_base.py.
 */
export function furtherTokens(files: TokenizerFiles): readonly Json[] {
  const config = files.tokenizerConfig ?? {};
  const map = mapOf(files);
  const entries = named(config);
  const objects = entries.filter(([, token]) => isObject(token) && token.__type === 'AddedToken');
  const texts = entries.filter(([, token]) => typeof token === 'string');
  const own = { ...Object.fromEntries(texts), ...members(config.extra_special_tokens) };
  const last = Object.keys(own).length > 0 ? own : members(config.model_specific_special_tokens);
  const first = { ...Object.fromEntries(objects), ...Object.fromEntries(named(map)) };
  return [...Object.values({ ...first, ...last, ...members(map.extra_special_tokens) }), ...listed(config, map)];
}

/** The texts and objects under keys that name a token without a role. */
function named(file: JsonObject): [key: string, token: Json][] {
  return Object.entries(file).flatMap(([key, token]): [string, Json][] =>
    key.endsWith('_token') && !ROLE_KEYS.has(key) && (typeof token === 'string' || isObject(token))
      ? [[key, token]]
      : [],
  );
}

function members(value: Json | undefined): Readonly<Record<string, Json>> {
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).flatMap(([key, token]) => (token === undefined ? [] : [[key, token]])))
    : {};
}

/** `extra_special_tokens` of both files. Without any, `additional_special_tokens`, which versions before 5 wrote. */
function listed(config: JsonObject, map: JsonObject): readonly Json[] {
  const extra = listAt(config, 'extra_special_tokens');
  const own = extra.length > 0 ? extra : listAt(config, 'additional_special_tokens');
  const all = [...own, ...listAt(map, 'extra_special_tokens')];
  const isListed = [config.extra_special_tokens, map.extra_special_tokens].some(Array.isArray);
  return isListed || all.length > 0 ? all : listAt(map, 'additional_special_tokens');
}

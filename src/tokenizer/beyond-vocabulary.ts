import type { AutoTokenizer } from '../hf-tokenizer/auto-tokenizer.js';
import { type MalformedTokenizerError, malformedFile } from '../hf-tokenizer/errors.js';
import { additionalTokens, extraTokens, tokenText } from '../hf-tokenizer/special-tokens.js';
import { SPECIAL_TOKEN_NAMES } from '../hf-tokenizer/tokenizer-classes.js';
import { objectAt, objectsAt, stringAt, type TokenizerFiles } from '../hf-tokenizer/tokenizer-files.js';
import { versionOf } from '../hf-tokenizer/version-5.js';
import type { Json } from '../json.js';

/**
 * Makes the error for a token whose id is not below `vocab_size`. It names the file that adds the token.
 * @param tokens the tokens by id; the last one has the id that is too large.
 * @param size `vocab_size`.
 */
export function beyondVocabulary(
  tokens: readonly (string | undefined)[],
  size: number,
  auto: AutoTokenizer,
  files: TokenizerFiles,
): MalformedTokenizerError {
  const id = tokens.length - 1;
  const token = tokens[id] ?? '';
  const origin = tokenOrigin(token, auto, files);
  const shown = JSON.stringify(token);
  return origin
    ? malformedFile(
        origin.file,
        `${origin.says} ${shown}, which is no token of tokenizer.json and would get the id ${id}; config.json says vocab_size ${size}`,
        origin.next,
      )
    : malformedFile(
        'tokenizer.json',
        `has the token ${shown} with id ${id}, but config.json says vocab_size ${size}`,
        'Correct vocab_size in config.json, or take the tokenizer that belongs to the model.',
      );
}

/** The file that adds a token which tokenizer.json does not have. */
interface TokenOrigin {
  readonly file: string;
  /** The start of a sentence that the token ends, for example `pad_token is`. */
  readonly says: string;
  readonly next: string;
}

/** Finds the file that adds a token; null if tokenizer.json itself has it. */
function tokenOrigin(token: string, { json, init, model }: AutoTokenizer, files: TokenizerFiles): TokenOrigin | null {
  const own = objectsAt(json, 'added_tokens').some(({ content }) => content === token);
  if (own || model.idOf(token) !== undefined) {
    return null;
  }
  const next = 'Remove it there, or name a token that exists.';
  const fileOf = (key: string) =>
    files.tokenizerConfig && key in files.tokenizerConfig ? 'tokenizer_config.json' : 'special_tokens_map.json';
  const named = versionOf(files.tokenizerConfig) === 5 ? Object.keys(init).filter((key) => key.endsWith('_token')) : [];
  const roles = [...SPECIAL_TOKEN_NAMES.map((name) => `${name}_token`), ...named];
  const role = roles.find((key) => tokenText(init[key]) === token);
  if (role) {
    return { file: fileOf(role), says: `${role} is`, next };
  }
  const lists: readonly (readonly [string, readonly (Json | undefined)[]])[] = [
    ['additional_special_tokens', additionalTokens(init)],
    ['extra_special_tokens', extraTokens(init)],
    ['model_specific_special_tokens', Object.values(objectAt(init, 'model_specific_special_tokens'))],
    ['added_tokens_decoder', Object.values(objectAt(init, 'added_tokens_decoder'))],
  ];
  const list = lists.find(([, tokens]) => tokens.some((given) => tokenText(given) === token));
  if (list) {
    return { file: fileOf(list[0]), says: `${list[0]} has`, next };
  }
  if (files.addedTokens && Object.hasOwn(files.addedTokens, token)) {
    return { file: 'added_tokens.json', says: 'it has', next };
  }
  return {
    file: 'tokenizer_config.json',
    says: `the tokenizer's class, ${stringAt(init, 'tokenizer_class')}, adds`,
    next: 'Name the true tokenizer_class there; PreTrainedTokenizerFast adds none.',
  };
}

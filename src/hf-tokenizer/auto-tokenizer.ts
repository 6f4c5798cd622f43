import type { JsonObject } from '../json.js';
import { parseAddedTokens } from './added-token.js';
import { malformed } from './fields.js';
import { initArguments } from './init-arguments.js';
import { buildModel, type TokenizerModel } from './model.js';
import { declaredTokens, specialTokens } from './special-tokens.js';
import { TokenList } from './token-list.js';
import { type TokenizerClass, tokenizerClass } from './tokenizer-classes.js';
import type { TokenizerFiles } from './tokenizer-files.js';

/**
 * What transformers' `AutoTokenizer.from_pretrained` makes of tokenizer.json, tokenizer_config.json,
 * special_tokens_map.json and added_tokens.json. The same list of tokens is written to the file and encodes text.
 * ref-quirk: transformers 4.57.6, `_from_pretrained` in tokenization_utils_base.py and `__init__` in
 * tokenization_utils_fast.py.
 */
export interface AutoTokenizer {
  /** tokenizer.json, parsed. */
  readonly json: JsonObject;
  /** `model_type` of config.json; empty if there is none. */
  readonly modelType: string;
  /** The arguments of the tokenizer class, from `initArguments`. */
  readonly init: JsonObject;
  readonly class: TokenizerClass;
  readonly model: TokenizerModel;
  readonly tokens: TokenList;
  /** The ids of tokens with a role: bos, eos and others, and the additional special tokens. */
  readonly specialIds: ReadonlySet<number>;
}

/**
 * Builds the tokenizer of a repository.
 * @param modelType `model_type` of config.json, or empty. It decides the class if no file names one.
 * @throws MalformedTokenizerError, UnsupportedTokenizerError, InvalidTokenIdError
 */
export function autoTokenizer(files: TokenizerFiles, modelType: string): AutoTokenizer {
  const json = files.tokenizer;
  if (!json) {
    throw malformed('is missing');
  }
  const init = initArguments(files, modelType);
  const kind = tokenizerClass(init.tokenizer_class);
  const model = buildModel(json.model);
  const tokens = new TokenList(model);
  tokens.add(parseAddedTokens(json));
  const declared = declaredTokens(json, files, init);
  const declaredTexts = new Set(declared.map((token) => token.content));
  const specials = specialTokens(json, files, init, kind, declaredTexts);
  const isKnown = (content: string) => tokens.isAdded(content) || declaredTexts.has(content);
  tokens.add([
    ...declared.map((token) => ({ ...token, special: token.special || specials.has(token.content) })),
    ...Array.from(specials.values())
      .filter(({ token, overrides }) => overrides || !isKnown(token.content))
      .map(({ token }) => token),
  ]);
  const ids = Array.from(specials.keys(), (content) => tokens.idOf(content));
  return {
    json,
    modelType,
    init,
    class: kind,
    model,
    tokens,
    specialIds: new Set(ids.filter((id) => id !== undefined)),
  };
}

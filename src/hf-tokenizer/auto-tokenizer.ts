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
 * special_tokens_map.json and added_tokens.json. The one list of tokens serves what is written to a file and what text
 * is encoded with.
 * Reference: transformers 4.57.6 (tokenization_utils_base.py, `_from_pretrained`; tokenization_utils_fast.py,
 * `__init__`).
 */
export interface AutoTokenizer {
  /** tokenizer.json. */
  readonly json: JsonObject;
  /** What the tokenizer class is given: `initArguments`. */
  readonly init: JsonObject;
  readonly class: TokenizerClass;
  readonly model: TokenizerModel;
  readonly tokens: TokenList;
  /** Ids of the tokens that have a role: bos, eos, ..., additional special tokens. */
  readonly specialIds: ReadonlySet<number>;
}

/**
 * @param modelType `model_type` of config.json, which tells the class where no file names one; empty where it is unknown.
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
  const specials = specialTokens(json, init, kind, declaredTexts);
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
    init,
    class: kind,
    model,
    tokens,
    specialIds: new Set(ids.filter((id) => id !== undefined)),
  };
}

import type { AutoTokenizer } from '../hf-tokenizer/auto-tokenizer.js';
import { tokenId } from '../hf-tokenizer/token-id.js';
import { tokenTexts } from '../hf-tokenizer/token-ids.js';
import { objectAt } from '../hf-tokenizer/tokenizer-files.js';

/**
 * The tokens of the model and the added tokens, by id. Undefined where an id has no token. If an added token has the id
 * of another token, which can happen where the model's ids have holes, the model's token stays.
 * @throws InvalidTokenIdError
 */
export function tokensById({ json, model, tokens }: AutoTokenizer): readonly (string | undefined)[] {
  const vocabulary = objectAt(json, 'model').vocab;
  // A unigram model lists its pieces by id.
  const byId: (string | undefined)[] = Array.isArray(vocabulary)
    ? Array.from({ length: model.size }, (_, id) => model.tokenOf(id))
    : [];
  const ids = objectAt(json.model, 'vocab');
  for (const token of tokenTexts(ids)) {
    byId[tokenId(ids[token], 'tokenizer.json model.vocab', token)] = token;
  }
  for (const [id, { content }] of tokens.added) {
    byId[id] ??= content;
  }
  return byId;
}

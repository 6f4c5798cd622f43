import type { AutoTokenizer } from '../hf-tokenizer/auto-tokenizer.js';
import { tokenId } from '../hf-tokenizer/token-id.js';
import { tokenTexts } from '../hf-tokenizer/token-ids.js';
import { objectAt } from '../hf-tokenizer/tokenizer-files.js';

/**
 * The tokens of the model and the added tokens, by id. Undefined where an id has no token.
 * @throws InvalidTokenIdError
 */
export function tokensById({ json, tokens }: AutoTokenizer): readonly (string | undefined)[] {
  const vocabulary = objectAt(json.model, 'vocab');
  const byId: (string | undefined)[] = [];
  for (const token of tokenTexts(vocabulary)) {
    byId[tokenId(vocabulary[token], 'tokenizer.json model.vocab', token)] = token;
  }
  for (const [id, { content }] of tokens.added) {
    byId[id] = content;
  }
  return byId;
}

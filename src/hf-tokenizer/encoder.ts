import type { AutoTokenizer } from './auto-tokenizer.js';
import { buildDecoder, cleanUp } from './decoders.js';
import { addedTokenFinder } from './find-added-tokens.js';
import { buildNormalizer } from './normalizers.js';
import { buildPostProcessor } from './post-processors.js';
import { buildPreTokenizer } from './pre-tokenizers.js';
import { rebuiltNormalizer, rebuiltPostProcessor, rebuiltPreTokenizer } from './rebuild.js';

/** Text to ids and back, as transformers' AutoTokenizer does it with the same files. */
export interface Encoder {
  /** @param options.addSpecialTokens puts BOS, EOS and the like around the text; default: true. */
  encode(text: string, options?: { readonly addSpecialTokens?: boolean }): number[];
  /** Special tokens are part of the text. Ids that have no token are left out. */
  decode(ids: readonly number[]): string;
}

/** @throws MalformedTokenizerError, UnsupportedTokenizerError, PatternError */
export function loadEncoder(tokenizer: AutoTokenizer): Encoder {
  const { json, init, model, tokens } = tokenizer;
  const normalizer = buildNormalizer(rebuiltNormalizer(tokenizer));
  const preTokenizer = buildPreTokenizer(rebuiltPreTokenizer(tokenizer));
  const decoder = buildDecoder(json.decoder);
  const postProcessor = buildPostProcessor(rebuiltPostProcessor(tokenizer));
  const parts = addedTokenFinder(tokens, normalizer);
  return {
    encode(text, { addSpecialTokens = true } = {}) {
      const ids: number[] = [];
      parts(text).forEach((part, i) => {
        if (typeof part === 'number') {
          ids.push(part);
          return;
        }
        for (const word of preTokenizer(part, i === 0)) {
          for (const id of model.encode(word)) {
            ids.push(id);
          }
        }
      });
      return addSpecialTokens ? postProcessor(ids) : ids;
    },
    decode(ids) {
      const text = decoder(ids.flatMap((id) => tokens.tokenOf(id) ?? [])).join('');
      return init.clean_up_tokenization_spaces === true ? cleanUp(text) : text;
    },
  };
}

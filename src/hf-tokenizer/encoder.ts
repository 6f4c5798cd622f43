import type { AutoTokenizer } from './auto-tokenizer.js';
import { buildDecoder, cleanUp } from './decoders.js';
import { addedTokenFinder } from './find-added-tokens.js';
import { buildNormalizer } from './normalizers.js';
import { buildPostProcessor } from './post-processors.js';
import { buildPreTokenizer } from './pre-tokenizers.js';
import { rebuiltNormalizer, rebuiltPostProcessor, rebuiltPreTokenizer } from './rebuild.js';

/** Encodes and decodes text as transformers' AutoTokenizer does with the same files. */
export interface Encoder {
  /** Encodes a text. @param options.addSpecialTokens puts BOS, EOS and others around the ids. @default true */
  encode(text: string, options?: { readonly addSpecialTokens?: boolean }): number[];
  /** Decodes ids. Special tokens become text; ids without a token are left out. */
  decode(ids: readonly number[]): string;
}

/** Builds an encoder. @throws MalformedTokenizerError, UnsupportedTokenizerError, PatternError */
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

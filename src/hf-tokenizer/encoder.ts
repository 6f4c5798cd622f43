import type { JsonObject } from '../json.js';
import { AddedTokens, type NumberedToken, parseAddedTokens } from './added-tokens.js';
import { buildDecoder, cleanUp } from './decoders.js';
import { buildModel } from './model.js';
import { buildNormalizer } from './normalizers.js';
import { buildPostProcessor } from './post-processors.js';
import { buildPreTokenizer } from './pre-tokenizers.js';
import { addConfiguredTokens, rebuiltNormalizer, rebuiltPostProcessor, rebuiltPreTokenizer } from './rebuild.js';
import { tokenizerClass } from './tokenizer-classes.js';

/** Text to ids and back, as transformers' AutoTokenizer does it with the same files. */
export interface Encoder {
  /** @param options.addSpecialTokens puts BOS, EOS and the like around the text; default: true. */
  encode(text: string, options?: { readonly addSpecialTokens?: boolean }): number[];
  /** Special tokens are part of the text. Ids that have no token are left out. */
  decode(ids: readonly number[]): string;
  /** The added tokens with the ids that the library gives them, which need not be those of the file; by id. */
  readonly addedTokens: readonly NumberedToken[];
}

/**
 * @param tokenizerJson parsed tokenizer.json; it is neither changed nor copied.
 * @param tokenizerConfig parsed tokenizer_config.json, or null where there is none.
 * @throws MalformedTokenizerError, UnsupportedTokenizerError, PatternError
 */
export function loadEncoder(tokenizerJson: JsonObject, tokenizerConfig: JsonObject | null): Encoder {
  const config = tokenizerConfig ?? {};
  const kind = tokenizerClass(config.tokenizer_class);
  const normalizer = buildNormalizer(rebuiltNormalizer(tokenizerJson, config, kind));
  const preTokenizer = buildPreTokenizer(rebuiltPreTokenizer(tokenizerJson, config, kind));
  const model = buildModel(tokenizerJson.model);
  const decoder = buildDecoder(tokenizerJson.decoder);
  const added = new AddedTokens(model, normalizer);
  for (const token of parseAddedTokens(tokenizerJson)) {
    added.add(token);
  }
  addConfiguredTokens(added, config, kind);
  const postProcessor = buildPostProcessor(rebuiltPostProcessor(tokenizerJson, config, kind, added));

  return {
    encode(text, { addSpecialTokens = true } = {}) {
      const ids: number[] = [];
      added.split(text).forEach((part, i) => {
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
      const text = decoder(ids.flatMap((id) => added.tokenOf(id) ?? [])).join('');
      return config.clean_up_tokenization_spaces === true ? cleanUp(text) : text;
    },
    get addedTokens() {
      return added.list();
    },
  };
}

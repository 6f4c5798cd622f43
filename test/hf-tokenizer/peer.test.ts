import { Tokenizer } from '@huggingface/tokenizers';
import { dataTest } from '../paths.js';
import { encoderOf } from './auto.js';
import { readRealTokenizer, realTokenizers } from './real-tokenizers.js';

/** Its Digits knows `\d` only: "١٢٣ ४५६ ៧៨៩ ⅷ ² ½" and a text with ① are cut otherwise. */
const NUMBERS = [22, 25];
const ALL = Array.from({ length: 60 }, (_, i) => i);

/**
 * Where @huggingface/tokenizers 0.2 gives other ids than transformers recorded: tokenizer → the texts, as indexes into
 * encode.jsonl, without special tokens and with them. Everything else, some 1,900 encodings, agrees.
 */
const PEER_DIFFERS: Readonly<Record<string, readonly [plain: readonly number[], special: readonly number[]]>> = {
  'command_r_plus-bos': [NUMBERS, NUMBERS],
  smollm2: [NUMBERS, NUMBERS],
  'vocab-deepseek-llm': [[22], [22]],
  // The BOS comes from the class GemmaTokenizer, which it does not know.
  'vocab-gemma-4': [[], ALL],
  'vocab-refact': [NUMBERS, NUMBERS],
  'vocab-starcoder': [NUMBERS, NUMBERS],
  // Spaces of other kinds, U+200B and U+FEFF among them.
  'vocab-xlmr-json': [[41], [41]],
};

describe('agreement with @huggingface/tokenizers', () => {
  dataTest('the same ids for every text, but for those where it differs from transformers', (data) => {
    const differs: Record<string, [number[], number[]]> = {};
    for (const name of realTokenizers(data)) {
      const { tokenizerJson, tokenizerConfig, texts } = readRealTokenizer(data, name);
      const encoder = encoderOf(tokenizerJson, tokenizerConfig);
      const peer = new Tokenizer(structuredClone(tokenizerJson), structuredClone(tokenizerConfig ?? {}));
      const found = [false, true].map((addSpecialTokens) =>
        texts.flatMap(({ text }, i) => {
          const theirs = peer.encode(text, { add_special_tokens: addSpecialTokens }).ids;
          return String(encoder.encode(text, { addSpecialTokens })) === String(theirs) ? [] : [i];
        }),
      );
      if (found.some((indexes) => indexes.length > 0)) {
        differs[name] = [found[0] ?? [], found[1] ?? []];
      }
    }
    expect(differs).toEqual(PEER_DIFFERS);
  });
});

import { loadEncoder } from '#src/hf-tokenizer/encoder.js';
import { withinTime } from '#src/plan/within-time.js';
import { CHECK_TEXT } from '#src/tokenizer/pre/check-text.js';
import { fingerprint, recognizePreTokenizer } from '#src/tokenizer/pre/recognize.js';
import { dataTest } from '../paths.js';
import { autoTokenizerOf, encoderOf } from './auto.js';
import { readRealTokenizer, realTokenizers } from './real-tokenizers.js';

describe('released tokenizers, against transformers', () => {
  dataTest('every text of encode.jsonl has the ids recorded, without and with special tokens', (data) => {
    const names = realTokenizers(data);
    expect(names.length).toBeGreaterThanOrEqual(16);
    for (const name of names) {
      const { tokenizerJson, tokenizerConfig, texts } = readRealTokenizer(data, name);
      const encoder = encoderOf(tokenizerJson, tokenizerConfig);
      for (const { text, ids, ids_special } of texts) {
        expect({ name, text, ids: encoder.encode(text, { addSpecialTokens: false }) }).toEqual({ name, text, ids });
        expect({ name, text, ids: encoder.encode(text) }).toEqual({ name, text, ids: ids_special });
      }
    }
  });

  dataTest(
    'every check text has the ids and the sha256 recorded, and gives the name that the reference found',
    async (data) => {
      for (const name of realTokenizers(data)) {
        const { tokenizerJson, tokenizerConfig, fingerprint: recorded } = readRealTokenizer(data, name);
        const auto = autoTokenizerOf({ tokenizer: tokenizerJson, tokenizerConfig });
        const ids = loadEncoder(auto).encode(CHECK_TEXT);
        expect({ name, ids }).toEqual({ name, ids: recorded.ids });
        expect({ name, sha256: await fingerprint(auto, withinTime) }).toEqual({
          name,
          sha256: recorded.sha256,
        });
        if (recorded.pre !== null) {
          const found = await recognizePreTokenizer(auto, withinTime);
          expect({ name, found }).toEqual({
            name,
            found: { name: recorded.pre, by: 'fingerprint', sha256: recorded.sha256 },
          });
        }
      }
    },
  );
});

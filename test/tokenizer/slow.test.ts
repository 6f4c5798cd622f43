import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeyValues } from '#src/gguf/key-values.js';
import { type AutoTokenizer, autoTokenizer } from '#src/hf-tokenizer/auto-tokenizer.js';
import { loadEncoder } from '#src/hf-tokenizer/encoder.js';
import { readTokenizerFiles } from '#src/hf-tokenizer/tokenizer-files.js';
import { withinTime } from '#src/plan/within-time.js';
import { KINDS } from '#src/tokenizer/kinds.js';
import { CHECK_TEXT } from '#src/tokenizer/pre/check-text.js';
import { dataTest } from '../paths.js';
import { openModel } from './folder.js';

interface Made {
  /** From the files other than tokenizer.json. */
  readonly made: AutoTokenizer;
  /** From tokenizer.json, if the repository has one. */
  readonly given: AutoTokenizer | null;
}

async function tokenizersOf(folder: string, kind: 'word-piece' | 'xlm-roberta' | 't5'): Promise<Made> {
  const source = join(folder, 'source');
  const { files, config } = await openModel(join(source, readdirSync(source)[0] ?? ''));
  const read = await readTokenizerFiles(files);
  const context = { files, config, kv: new KeyValues(), withinTime, warn: () => {} };
  const json = (await KINDS[kind].convert?.(context, { ...read, tokenizer: null })) ?? null;
  const type = String(config.hparams.model_type);
  return {
    made: autoTokenizer({ ...read, tokenizer: json }, type),
    given: read.tokenizer && autoTokenizer(read, type),
  };
}

function encodings(folder: string): readonly { text: string; ids: number[]; ids_special: number[] }[] {
  const lines = readFileSync(join(folder, 'encode.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line));
}

describe('a repository without tokenizer.json', () => {
  for (const name of ['minilm', 'vocab-bert-bge']) {
    dataTest(`${name}: vocab.txt alone gives the ids that transformers recorded`, async (data) => {
      const folder = join(data, 'corpus-tokenizers', name);
      const { made } = await tokenizersOf(folder, 'word-piece');
      const encoder = loadEncoder(made);
      for (const { text, ids, ids_special } of encodings(folder)) {
        expect({ text, ids: encoder.encode(text, { addSpecialTokens: false }) }).toEqual({ text, ids });
        expect({ text, ids: encoder.encode(text) }).toEqual({ text, ids: ids_special });
      }
    });
  }

  dataTest(
    "XLM-R's sentencepiece.bpe.model gives the tokens and ids of the tokenizer.json made of it",
    async (data) => {
      const { made, given } = await tokenizersOf(join(data, 'corpus/xlm-roberta-charsmap'), 'xlm-roberta');
      const size = given?.tokens.size ?? 0;
      const tokensOf = (tokenizer: AutoTokenizer | null) =>
        Array.from({ length: size }, (_, id) => tokenizer?.tokens.tokenOf(id));
      expect(tokensOf(made)).toEqual(tokensOf(given));
      const idsOf = (tokenizer: AutoTokenizer | null) => tokenizer && loadEncoder(tokenizer).encode(CHECK_TEXT);
      expect(idsOf(made)).toEqual(idsOf(given));
    },
  );
});

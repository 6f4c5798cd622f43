/**
 * llama.cpp's tokenizer in a process of its own: its library can be loaded once only, and may abort.
 *   echo '[{"model":"MODEL.gguf","texts":["a"],"pieces":10}]' | node out/test/peer/ask-vocabulary.js
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadLlama } from './llama.js';

export interface VocabularyQuestion {
  /** A GGUF file. */
  readonly model: string;
  readonly texts: readonly string[];
  /** Of how many tokens the pieces are asked for. */
  readonly pieces: number;
}

export interface VocabularyAnswer {
  readonly bos: number;
  readonly eos: number;
  readonly addBos: boolean;
  readonly addEos: boolean;
  /** Tokens that end a generation. */
  readonly ends: readonly number[];
  /** Of each text: without special tokens, and with them, BOS and EOS. */
  readonly ids: readonly (readonly [plain: readonly number[], special: readonly number[]])[];
  /** In hex, of each token: without special tokens, and with them. */
  readonly pieces: readonly (readonly [plain: string, special: string])[];
}

export function askVocabularies(questions: readonly VocabularyQuestion[]): VocabularyAnswer[] {
  const options = { input: JSON.stringify(questions), maxBuffer: 2 ** 29 };
  const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url)], options);
  return JSON.parse(output.toString()) as VocabularyAnswer[];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const llama = loadLlama();
  const questions = JSON.parse(readFileSync(0, 'utf8')) as VocabularyQuestion[];
  const answers = questions.map(({ model, texts, pieces }): VocabularyAnswer => {
    const vocabulary = llama.loadVocabulary(model);
    const { bos, eos, addBos, addEos, ends } = vocabulary;
    return {
      ...{ bos, eos, addBos, addEos, ends },
      ids: texts.map((text) => [vocabulary.tokenize(text, false, false), vocabulary.tokenize(text, true, true)]),
      pieces: Array.from({ length: pieces }, (_, token) => [
        vocabulary.piece(token, false).toString('hex'),
        vocabulary.piece(token, true).toString('hex'),
      ]),
    };
  });
  process.stdout.write(JSON.stringify(answers), () => process.exit(0));
}

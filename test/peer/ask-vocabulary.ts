/**
 * llama.cpp's tokenizer in a process of its own: its library can be loaded once only, and may abort.
 *   echo '{"texts":["a"],"pieces":true}' | node out/test/peer/ask-vocabulary.js MODEL.gguf
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadLlama } from './llama.js';

export interface VocabularyAnswer {
  readonly bos: number;
  readonly eos: number;
  readonly addBos: boolean;
  readonly addEos: boolean;
  readonly ends: readonly number[];
  /** Of each text: without special tokens, and with them and BOS and EOS. */
  readonly ids: readonly (readonly [plain: readonly number[], special: readonly number[]])[];
  /** In hex, of every token: without special tokens, and with them. */
  readonly pieces: readonly (readonly [plain: string, special: string])[];
}

export function askVocabulary(model: string, texts: readonly string[], pieces: number): VocabularyAnswer {
  const input = JSON.stringify({ texts, pieces });
  const args = [fileURLToPath(import.meta.url), model];
  return JSON.parse(execFileSync(process.execPath, args, { input, maxBuffer: 2 ** 29 }).toString()) as VocabularyAnswer;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { texts, pieces } = JSON.parse(readFileSync(0, 'utf8')) as { texts: string[]; pieces: number };
  const vocabulary = loadLlama().loadVocabulary(process.argv[2] ?? '');
  const { bos, eos, addBos, addEos, ends } = vocabulary;
  const answer: VocabularyAnswer = {
    ...{ bos, eos, addBos, addEos, ends },
    ids: texts.map((text) => [vocabulary.tokenize(text, false, false), vocabulary.tokenize(text, true, true)]),
    pieces: Array.from({ length: pieces }, (_, token) => [
      vocabulary.piece(token, false).toString('hex'),
      vocabulary.piece(token, true).toString('hex'),
    ]),
  };
  process.stdout.write(JSON.stringify(answer), () => process.exit(0));
}

/**
 * llama.cpp in a process of its own: its library can be loaded once only, and may abort.
 *   node out/test/peer/ask.js MODEL.gguf '[{"ids":[1,2],"count":8}]'
 * prints, for each question, the likeliest `count` next tokens and the logits after the last of `ids`.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { loadLlama } from './llama.js';

export interface Question {
  readonly ids: readonly number[];
  readonly count: number;
}

export interface LlamaAnswer {
  readonly tokens: number[];
  readonly logits: number[];
}

export function askLlama(model: string, questions: readonly Question[]): LlamaAnswer[] {
  const args = [fileURLToPath(import.meta.url), model, JSON.stringify(questions)];
  return JSON.parse(execFileSync(process.execPath, args, { maxBuffer: 2 ** 28 }).toString()) as LlamaAnswer[];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , path = '', questions = '[]'] = process.argv;
  const model = loadLlama().loadModel(path);
  const answers = (JSON.parse(questions) as Question[]).map(
    ({ ids, count }): LlamaAnswer => ({
      tokens: count === 0 ? [] : model.continue(ids, count),
      logits: [...(model.logits(ids).at(-1) ?? [])],
    }),
  );
  process.stdout.write(JSON.stringify(answers), () => process.exit(0));
}

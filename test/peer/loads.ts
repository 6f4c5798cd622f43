/**
 * Whether llama.cpp loads and runs files, told by a process of its own, which may abort: then another one goes on with the next.
 *   node out/test/peer/loads.js FILE.gguf...
 * prints a line a file: a JSON string, empty where it loads.
 */
import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadLlama } from './llama.js';

/** Null for a file that llama.cpp loads and runs, else what it says. */
export function llamaRefuses(paths: readonly string[]): (string | null)[] {
  const verdicts: (string | null)[] = [];
  while (verdicts.length < paths.length) {
    const args = [fileURLToPath(import.meta.url), ...paths.slice(verdicts.length)];
    const env = { ...process.env, GGML_NO_BACKTRACE: '1' };
    const { stdout, signal } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28, env });
    const told = stdout.split('\n').filter((line) => line !== '');
    verdicts.push(...told.map((line) => (JSON.parse(line) as string) || null));
    if (verdicts.length < paths.length) {
      verdicts.push(`aborts (${signal})`);
    }
  }
  return verdicts;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const said: string[] = [];
  const llama = loadLlama((text) => said.push(text));
  for (const path of process.argv.slice(2)) {
    said.length = 0;
    let verdict = '';
    try {
      const model = llama.loadModel(path);
      // Some of what is wrong shows when the graph is built.
      model.logits([0]);
      model.free();
    } catch {
      verdict = said.join('').trim();
    }
    writeSync(1, `${JSON.stringify(verdict)}\n`);
  }
  process.exit(0);
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, timeCli, timeNode } from './measure.js';
import { syntheticLlama } from './synthetic.js';

/**
 * A dry run from start to end: of a made-up Llama with a tokenizer of 128k tokens, and of each repository given as an
 * argument. The measure beside it is Node starting and parsing the same tokenizer.json, which no plan can do without.
 */

const RUNS = 5;
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-bench-'));
try {
  for (const model of [syntheticLlama(folder, 5), ...process.argv.slice(2)]) {
    const parse = ['-e', `JSON.parse(require('fs').readFileSync(${JSON.stringify(join(model, 'tokenizer.json'))}))`];
    const [ours, least]: [number[], number[]] = [[], []];
    for (let i = 0; i < RUNS; i++) {
      least.push(await timeNode(parse));
      ours.push(await timeCli([model, '--quant', 'q4_k_m', '--dry-run']));
    }
    const [a, b] = [median(ours), median(least)];
    console.log(`${model}: ${a.toFixed(2)} s; parsing its tokenizer.json ${b.toFixed(2)} s: ${(a / b).toFixed(1)}x`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

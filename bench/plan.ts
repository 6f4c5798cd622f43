import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { startHub } from '../test/hub/server.mjs';
import { median, memoryOfCli, timeCli, timeNode } from './measure.js';
import { syntheticLarge, syntheticLlama, syntheticVocabulary } from './synthetic.js';

/**
 * Dry runs from start to end. Of a made-up Llama with a tokenizer of 128k tokens, of one with 262k, whose plan is to take
 * less than 1.5 s, and of each repository given as an argument: the measure beside it is Node starting and parsing the same
 * tokenizer.json, which no plan can do without. No fingerprint is that of the made-up tokenizers: their pre-tokenizers are
 * found by structure after that, which takes longer than those of released ones.
 * Of a made-up mixture of experts with 60,000 tensors in 163 files, from its folder and from a Hub on the loopback: its
 * time and the peak memory of its process.
 */

const RUNS = 5;
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-bench-'));

const WIDE = 262_144;
const WIDE_SECONDS = 1.5;

/** @param most seconds that a plan may take. */
async function compare(model: string, most?: number): Promise<void> {
  const parse = ['-e', `JSON.parse(require('fs').readFileSync(${JSON.stringify(join(model, 'tokenizer.json'))}))`];
  const [ours, least]: [number[], number[]] = [[], []];
  for (let i = 0; i < RUNS; i++) {
    least.push(await timeNode(parse));
    ours.push(await timeCli([model, '--quant', 'q4_k_m', '--dry-run']));
  }
  const [a, b] = [median(ours), median(least)];
  const verdict = most === undefined ? '' : ` (less than ${most} s: ${a < most ? 'yes' : 'no'})`;
  console.log(
    `${model}: ${a.toFixed(2)} s${verdict}; parsing its tokenizer.json ${b.toFixed(2)} s: ${(a / b).toFixed(1)}x`,
  );
}

async function large(): Promise<void> {
  const made = syntheticLarge(folder);
  const root = join(folder, 'hub');
  mkdirSync(join(root, 'org'), { recursive: true });
  const path = join(root, 'org', basename(made));
  renameSync(made, path);
  const hub = await startHub(root);
  try {
    process.env.HF_ENDPOINT = hub.endpoint;
    const options = ['--quant', 'q4_k_m', '--dry-run'];
    const sources = [
      ['from its folder', [path, ...options]],
      ['from the Hub on the loopback', [`org/${basename(made)}`, ...options]],
    ] as const;
    for (const [where, args] of sources) {
      const seconds: number[] = [];
      for (let i = 0; i < RUNS; i++) {
        seconds.push(await timeCli(args));
      }
      const memory = await memoryOfCli(args);
      console.log(
        `60,000 tensors in 163 files ${where}: ${median(seconds).toFixed(2)} s, ${memory.toFixed(0)} MiB ` +
          `(less than 5 s and 700 MiB: ${median(seconds) < 5 && memory < 700 ? 'yes' : 'no'})`,
      );
    }
  } finally {
    await hub.close();
  }
}

try {
  for (const model of [syntheticLlama(folder, 5), ...process.argv.slice(2)]) {
    await compare(model);
  }
  await compare(syntheticVocabulary(folder, WIDE), WIDE_SECONDS);
  await large();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

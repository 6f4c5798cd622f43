/**
 * The runner against llama.cpp's prebuilt library: tokens a second of a batch of 512 tokens, with the last token's
 * logits and with all, and of one token after them; as many threads, runs interleaved, the median. Flash attention off,
 * float32 keys and values. And the peak memory of a process that runs such a batch.
 *
 *   node out/bench/runner.js [org/model|FOLDER [TYPE...]]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Engine, openEngine } from '#src/runner/engine.js';
import { openRunnable } from '#src/runner/model.js';
import { type Llama, type LlamaBatches, loadLlama } from '../test/peer/llama.js';
import { median, memoryOf, secondsOf, timeCli } from './measure.js';
import { smollm2 } from './smollm2.js';

const TOKENS = 512;
const RUNS = 5;
const TYPES = ['f32', 'bf16', 'q8_0', 'q4_k_m'];
const OUTTYPES = ['f32', 'bf16', 'f16'];
const threads = Number(process.env.HF2GGUF_THREADS ?? availableParallelism());

/** What is run: the tokens and the index of the first whose logits are wanted. */
const CASES = { 'last logits': [TOKENS, TOKENS - 1], 'all logits': [TOKENS, 0], 'one token': [1, 0] } as const;

function someTokens(vocabulary: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => (i * 7919 + 13) % vocabulary);
}

async function open(path: string): Promise<Engine> {
  const { graph, tensors } = await openRunnable(path);
  return openEngine(graph, tensors, { contextLength: TOKENS, threads });
}

async function compare(name: string, engine: Engine, peer: LlamaBatches): Promise<void> {
  for (const [what, [count, logitsFrom]] of Object.entries(CASES)) {
    const tokens = someTokens(engine.graph.vocabulary, count);
    const times: Record<'ours' | 'theirs', number[]> = { ours: [], theirs: [] };
    for (let i = 0; i <= RUNS; i++) {
      times.theirs[i] = await secondsOf(() => peer.run(tokens, logitsFrom));
      times.ours[i] = await secondsOf(() => engine.run(tokens, 0, logitsFrom));
    }
    // The first runs touch memory for the first time.
    const [ours, theirs] = [times.ours, times.theirs].map((all) => count / median(all.slice(1))) as [number, number];
    const rates = `${ours.toFixed(0).padStart(6)} tokens/s, llama.cpp ${theirs.toFixed(0).padStart(6)}`;
    console.log(`${name.padEnd(8)} ${what.padEnd(12)} ${rates}: ${(ours / theirs).toFixed(2)}x`);
  }
}

async function measure(llama: Llama, name: string, path: string): Promise<void> {
  const engine = await open(path);
  const model = llama.loadModel(path);
  const peer = model.openBatches(TOKENS, threads);
  await compare(name, engine, peer);
  peer.free();
  model.free();
  engine.close();
  const file = statSync(path).size / 2 ** 20;
  const peak = await memoryOf([fileURLToPath(import.meta.url), '--once', path]);
  console.log(
    `${name.padEnd(8)} peak memory  ${peak.toFixed(0)} MiB: file ${file.toFixed(0)} + ${(peak - file).toFixed(0)}`,
  );
}

async function main(given: string | undefined, types: readonly string[]): Promise<void> {
  const llama = loadLlama();
  const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-bench-'));
  try {
    const source = smollm2(given, folder);
    console.log(`${threads} threads, batches of ${TOKENS} tokens, median of ${RUNS}`);
    for (const type of types) {
      const path = join(folder, `${type}.gguf`);
      await timeCli([source, OUTTYPES.includes(type) ? '--outtype' : '--quant', type, '--out', path]);
      await measure(llama, type, path);
      rmSync(path);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first === '--once') {
  const engine = await open(rest[0] ?? '');
  await engine.run(someTokens(engine.graph.vocabulary, TOKENS), 0, 0);
  engine.close();
} else {
  await main(first, rest.length > 0 ? rest : TYPES);
}

/**
 * `check` of a quantized model against its source, as a whole: opening both, running both over the text, and comparing
 * them; against what the two passes of llama-perplexity take at least: loading the source's GGUF file and running the
 * same chunks with its library, then the same of the quantized one. Left out of theirs, in their favour: encoding the
 * text, log-softmax, the file of logits between the passes, comparing. Their settings are llama-perplexity's own: half
 * precision keys and values, flash attention where it works. As many threads, runs interleaved, the median; fails where
 * ours is slower.
 *
 *   node out/bench/check.js [org/model|FOLDER [TYPE [CHUNKS]]]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from '#src/runner/check.js';
import { finish } from '../test/calls/records.js';
import { fixtures } from '../test/paths.js';
import { type Llama, loadLlama } from '../test/peer/llama.js';
import { median, secondsOf, timeCli } from './measure.js';
import { smollm2 } from './smollm2.js';

const [given, TYPE = 'q4_k_m', chunks = '16'] = process.argv.slice(2);
const TEXT = join(fixtures, 'Tiny-Verse-2M.expected/eval.txt');
const CONTEXT = 512;
const CHUNKS = Number(chunks);
const RUNS = 3;
const threads = Number(process.env.HF2GGUF_THREADS ?? availableParallelism());

async function ours(source: string, model: string): Promise<void> {
  const { models } = await finish(check({ source: model, against: source, text: TEXT, chunks: CHUNKS, jobs: threads }));
  const { perplexity, divergence } = models[0] ?? {};
  console.error(`perplexity ${perplexity?.value.toFixed(6)}, KL divergence ${divergence?.kld.value.toFixed(6)}`);
}

/** One pass of llama-perplexity (tools/perplexity/perplexity.cpp): the second half of each chunk has its logits. */
function pass(llama: Llama, path: string, tokens: Int32Array): void {
  const model = llama.loadModel(path);
  const batches = model.openBatches(CONTEXT, threads, { exact: false });
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    batches.run(tokens.subarray(chunk * CONTEXT, (chunk + 1) * CONTEXT), CONTEXT / 2);
  }
  batches.free();
  model.free();
}

const llama = loadLlama();
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-bench-'));
try {
  const source = smollm2(given, folder);
  const [base, model] = [join(folder, 'base.gguf'), join(folder, 'model.gguf')];
  await timeCli([source, '--outtype', 'bf16', '--out', base]);
  await timeCli([source, '--quant', TYPE, '--out', model]);
  const tokens = Int32Array.from(llama.loadVocabulary(base).tokenize(readFileSync(TEXT, 'utf8'), false, true));
  const times: Record<'ours' | 'base' | 'model', number[]> = { ours: [], base: [], model: [] };
  for (let i = 0; i < RUNS; i++) {
    times.base.push(await secondsOf(() => pass(llama, base, tokens)));
    times.model.push(await secondsOf(() => pass(llama, model, tokens)));
    times.ours.push(await secondsOf(() => ours(source, model)));
  }
  const [own, first, second] = [median(times.ours), median(times.base), median(times.model)];
  const ratio = (first + second) / own;
  console.log(`${source} ${TYPE}, ${CHUNKS} chunks of ${CONTEXT}, ${threads} threads, median of ${RUNS}`);
  console.log(`check:            ${own.toFixed(2)} s`);
  console.log(
    `llama-perplexity: ${(first + second).toFixed(2)} s at least (${first.toFixed(2)} s bf16 + ${second.toFixed(2)} s ${TYPE})`,
  );
  console.log(`${ratio.toFixed(2)}x`);
  if (ratio < 1) {
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

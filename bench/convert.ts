import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { FILE_TYPES } from '#src/quantize/file-types.js';
import { startHub } from '../test/hub/server.mjs';
import { loadLlama } from '../test/peer/llama.js';
import { copyAndFlush } from './copy.js';
import { median, memoryOfCli, settle, timeCli } from './measure.js';
import { syntheticLlama, syntheticMixture, syntheticTransposed } from './synthetic.js';

/**
 * Whole conversions of a made-up Llama of 0.49 billion parameters, each against its peer in the same run:
 *   bfloat16  against reading, writing and flushing the same bytes;
 *   q4_k_m    against llama_model_quantize on the ready-made bfloat16 file, with as many threads, outputs compared.
 * The peak memory of the whole process, for it and for a model twice as large, and for several --max-memory.
 * And two models as large that are built otherwise, a stacked mixture of experts and one whose matrices are transposed:
 * their time per byte beside the dense one's, measured in turns. And the dense one from a Hub: what comparing its bytes with
 * their hashes costs.
 */

const RUNS = 5;
const LAYERS = 5;
/** 5 layers and the embedding make 488 million parameters, 16 make 976 million. */
const LAYERS_TWICE = 16;

async function hash(path: string): Promise<string> {
  const sum = createHash('sha256');
  for await (const piece of createReadStream(path)) {
    sum.update(piece as Buffer);
  }
  return sum.digest('hex');
}

const TYPES = [
  ['--outtype', 'bf16'],
  ['--quant', 'q4_k_m'],
] as const;
const MIB = 2 ** 20;
/** What the process may take beside the buffers that it was allowed. */
const PROCESS_MIB = 150;

async function boundedMemory(dense: string, out: string): Promise<void> {
  for (const model of [dense, syntheticMixture(folder, 1), syntheticTransposed(folder, 5)]) {
    for (const asked of [16, 64, 192]) {
      for (const type of TYPES) {
        const options = [...type, '--max-memory', `${asked}M`, '--force'];
        const peak = await memoryOfCli([model, ...options, '--out', out]);
        const verdict = peak < asked + PROCESS_MIB ? 'yes' : 'no';
        console.log(
          `${basename(model)} ${type[1]}, --max-memory ${asked}M: peak resident memory ${peak.toFixed(0)} MiB ` +
            `(less than ${asked + PROCESS_MIB} MiB: ${verdict})`,
        );
      }
    }
  }
}

/** In turns, so that all see the same machine. */
async function perByte(dense: string, out: string): Promise<void> {
  const models = [dense, syntheticMixture(folder, 1), syntheticTransposed(folder, 5)];
  for (const type of TYPES) {
    const times = models.map(() => [] as number[]);
    for (let run = 0; run < RUNS; run++) {
      for (const [i, model] of models.entries()) {
        settle(out);
        times[i]?.push(await timeCli([model, ...type, '--out', out]));
      }
    }
    const rates = models.map((model, i) => {
      const bytes = statSync(join(model, 'model.safetensors')).size;
      return { model, perGib: (median(times[i] ?? []) / bytes) * 1024 * MIB };
    });
    for (const { model, perGib } of rates) {
      const ratio = perGib / (rates[0]?.perGib ?? 1);
      console.log(
        `${basename(model)} ${type[1]}: ${perGib.toFixed(2)} s per GiB, ${ratio.toFixed(2)}x the dense one's`,
      );
    }
  }
}

/** The hashes may not take more than this share of a conversion's time. */
const MOST_FOR_HASHES = 1.05;

/** Bytes a second of a line of 1 Gbit/s. */
const LINE = 125e6;

/**
 * In turns, from a Hub whose listing holds the files' hashes, and from one whose listing holds none: over a line of 1 Gbit/s,
 * and over none, where the Hub on this machine takes its share of the same cores and they are all busy.
 */
async function throughHubs(dense: string, out: string): Promise<void> {
  const root = join(folder, 'hub');
  mkdirSync(join(root, 'org'), { recursive: true });
  symlinkSync(dense, join(root, 'org', basename(dense)));
  await throughHub(root, `org/${basename(dense)}`, out, { rate: LINE });
  await throughHub(root, `org/${basename(dense)}`, out, {});
}

async function throughHub(root: string, name: string, out: string, line: { rate?: number }): Promise<void> {
  const hubs = [await startHub(root, { hashes: true, ...line }), await startHub(root, { hashes: false, ...line })];
  try {
    const times = hubs.map(() => [] as number[]);
    for (let run = 0; run <= RUNS; run++) {
      for (const [i, { endpoint }] of hubs.entries()) {
        process.env.HF_ENDPOINT = endpoint;
        settle(out);
        const seconds = await timeCli([name, '--quant', 'q4_k_m', '--out', out]);
        // In the first run the Hub computes the hashes that it lists.
        if (run > 0) {
          times[i]?.push(seconds);
        }
      }
    }
    const [compared, taken] = times.map(median) as [number, number];
    const ratio = compared / taken;
    const where = line.rate === undefined ? 'on this machine' : 'over a line of 1 Gbit/s';
    console.log(
      `q4_k_m from a Hub ${where}: ${compared.toFixed(2)} s, without hashes ${taken.toFixed(2)} s: ` +
        `${ratio.toFixed(2)}x (at most ${MOST_FOR_HASHES}x: ${ratio <= MOST_FOR_HASHES ? 'yes' : 'no'})`,
    );
  } finally {
    for (const hub of hubs) {
      await hub.close();
    }
  }
}

const llama = loadLlama();
const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'hf2gguf-bench-'));
try {
  const model = syntheticLlama(folder, LAYERS);
  const [bf16, ours, theirs, copy] = ['bf16.gguf', 'ours.gguf', 'theirs.gguf', 'copy'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  const times = { copy: [] as number[], bf16: [] as number[], ours: [] as number[], theirs: [] as number[] };
  const threads = availableParallelism();
  for (let i = 0; i < RUNS; i++) {
    settle(copy);
    times.copy.push(copyAndFlush(join(model, 'model.safetensors'), copy));
    settle(copy, bf16);
    times.bf16.push(await timeCli([model, '--outtype', 'bf16', '--out', bf16]));
    settle(ours);
    times.ours.push(await timeCli([model, '--quant', 'q4_k_m', '--out', ours]));
    settle(theirs);
    const started = performance.now();
    llama.quantize(bf16, theirs, FILE_TYPES.Q4_K_M.id, threads);
    times.theirs.push((performance.now() - started) / 1000);
    if ((await hash(ours)) !== (await hash(theirs))) {
      throw new Error('The outputs differ.');
    }
    const latest = Object.entries(times).map(([name, t]) => `${name} ${t.at(-1)?.toFixed(2)} s`);
    console.error(`run ${i + 1} of ${RUNS}: ${latest.join(', ')}`);
  }
  const memory = {
    bf16: await memoryOfCli([model, '--outtype', 'bf16', '--out', bf16]),
    quantized: await memoryOfCli([model, '--quant', 'q4_k_m', '--out', ours]),
    twice: await memoryOfCli([syntheticLlama(folder, LAYERS_TWICE), '--quant', 'q4_k_m', '--out', ours]),
  };

  const seconds = (values: number[]) => `${median(values).toFixed(2)} s`;
  const overhead = median(times.bf16) / median(times.copy);
  console.log(`Median of ${RUNS}, ${threads} threads, outputs identical.`);
  console.log(`bf16:   ours ${seconds(times.bf16)}, copy and flush ${seconds(times.copy)}: ${overhead.toFixed(2)}x`);
  console.log(`        (1.3x + 1 s would be ${(1.3 * median(times.copy) + 1).toFixed(2)} s)`);
  console.log(
    `q4_k_m: ours ${seconds(times.ours)} from the repository, llama_model_quantize ${seconds(times.theirs)} from the bf16 file: ` +
      `${(median(times.theirs) / median(times.ours)).toFixed(1)}x`,
  );
  console.log(
    `peak resident memory: bf16 ${memory.bf16.toFixed(0)} MiB, q4_k_m ${memory.quantized.toFixed(0)} MiB, ` +
      `q4_k_m of a model twice as large ${memory.twice.toFixed(0)} MiB`,
  );
  await boundedMemory(model, ours);
  await perByte(model, ours);
  await throughHubs(model, ours);
} finally {
  if (!process.argv[2]) {
    rmSync(folder, { recursive: true, force: true });
  }
}

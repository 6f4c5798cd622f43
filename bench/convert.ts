import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { FILE_TYPES } from '#src/quantize/file-types.js';
import { loadLlama } from '../test/peer/llama.js';
import { copyAndFlush } from './copy.js';
import { median, runCli } from './measure.js';
import { syntheticLlama } from './synthetic.js';

/**
 * Whole conversions of a made-up Llama of 0.49 billion parameters, each against its peer in the same run:
 *   bfloat16  against reading, writing and flushing the same bytes;
 *   q4_k_m    against llama_model_quantize on the ready-made bfloat16 file, with as many threads, outputs compared.
 * And the peak memory of the whole process, for it and for a model twice as large.
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

const llama = loadLlama();
const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'hf2gguf-bench-'));
try {
  const model = syntheticLlama(folder, LAYERS);
  const [bf16, ours, theirs, copy] = ['bf16.gguf', 'ours.gguf', 'theirs.gguf', 'copy'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  const times = { bf16: [] as number[], copy: [] as number[], ours: [] as number[], theirs: [] as number[] };
  const memory = { bf16: 0, quantized: 0 };
  for (let i = 0; i < RUNS; i++) {
    times.copy.push(copyAndFlush(join(model, 'model.safetensors'), copy));
    const converted = await runCli([model, '--outtype', 'bf16', '--out', bf16]);
    times.bf16.push(converted.seconds);
    memory.bf16 = Math.max(memory.bf16, converted.memory);
    const quantized = await runCli([model, '--quant', 'q4_k_m', '--out', ours]);
    times.ours.push(quantized.seconds);
    memory.quantized = Math.max(memory.quantized, quantized.memory);
    const started = performance.now();
    llama.quantize(bf16, theirs, FILE_TYPES.Q4_K_M.id, availableParallelism());
    times.theirs.push((performance.now() - started) / 1000);
    if ((await hash(ours)) !== (await hash(theirs))) {
      throw new Error('The outputs differ.');
    }
    console.error(
      `run ${i + 1} of ${RUNS}: ${Object.entries(times)
        .map(([name, t]) => `${name} ${t.at(-1)?.toFixed(2)} s`)
        .join(', ')}`,
    );
  }
  const larger = await runCli([syntheticLlama(folder, LAYERS_TWICE), '--quant', 'q4_k_m', '--out', ours]);

  const seconds = (values: number[]) => `${median(values).toFixed(2)} s`;
  const overhead = median(times.bf16) / median(times.copy);
  console.log(`Median of ${RUNS}, ${availableParallelism()} threads, outputs identical.`);
  console.log(`bf16:   ours ${seconds(times.bf16)}, copy and flush ${seconds(times.copy)}: ${overhead.toFixed(2)}x`);
  console.log(`        allowed: 1.3x + 1 s = ${(1.3 * median(times.copy) + 1).toFixed(2)} s`);
  console.log(
    `q4_k_m: ours ${seconds(times.ours)} (from the repository), llama_model_quantize ${seconds(times.theirs)} (from the bf16 file): ` +
      `${(median(times.theirs) / median(times.ours)).toFixed(1)}x faster`,
  );
  console.log(
    `peak resident memory: bf16 ${memory.bf16.toFixed(0)} MiB, q4_k_m ${memory.quantized.toFixed(0)} MiB, ` +
      `q4_k_m of a model twice as large ${larger.memory.toFixed(0)} MiB`,
  );
} finally {
  if (!process.argv[2]) {
    rmSync(folder, { recursive: true, force: true });
  }
}

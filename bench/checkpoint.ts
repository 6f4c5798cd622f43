import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, memoryOfCli, settle, timeCli } from './measure.js';
import { syntheticLlama } from './synthetic.js';
import { QUANTIZED, syntheticQuantized } from './synthetic-quantized.js';

/**
 * A checkpoint of each method of quantizing, of as many parameters as one in bfloat16, to bf16 and to q4_k_m: times beside
 * those of the latter, in turns, and the peak memory. With a Python that has the packages, also the time in which
 * bitsandbytes, MLX, or the method's formula in PyTorch decodes the same tensors in memory; what isn't installed is left out,
 * by name.
 * Arguments: parts of the names of methods; all without.
 *
 *   python3 -m venv VENV && VENV/bin/pip install torch numpy safetensors bitsandbytes 'mlx[cpu]'
 *   npm run bench:checkpoint -- --python VENV/bin/python GPTQ
 */

const RUNS = 3;
const LAYERS = 5;
/** What a conversion may take of the time that bfloat16 takes, and of memory. */
const MOST_TIME = 1.5;
const MOST_MIB = 500;
const TYPES = [
  ['--outtype', 'bf16'],
  // Some keep ggml's blocks, of which others are made only where that is asked for.
  ['--quant', 'q4_k_m', '--allow-requantize'],
] as const;

const SCRIPT = fileURLToPath(new URL('../../bench/checkpoint.py', import.meta.url));

/** What a Python says of its time for a folder's tensors. */
function timeOfPeer(python: string, name: string, folder: string): string {
  const { status, stdout, stderr } = spawnSync(python, [SCRIPT, name, folder], { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`${python} could not decode ${name}: ${stderr}`);
  }
  return stdout.trim();
}

const {
  positionals: asked,
  values: { python },
} = parseArgs({ allowPositionals: true, options: { python: { type: 'string' } } });
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-bench-'));
try {
  const plain = syntheticLlama(folder, LAYERS);
  const out = join(folder, 'out.gguf');
  const verdict = (value: number, most: number) => (value <= most ? 'yes' : 'no');
  for (const name of Object.keys(QUANTIZED).filter((own) => asked.every((part) => own.includes(part)))) {
    const model = syntheticQuantized(folder, name, LAYERS);
    for (const type of TYPES) {
      const times: [number[], number[]] = [[], []];
      for (let run = 0; run < RUNS; run++) {
        for (const [i, source] of [plain, model].entries()) {
          settle(out);
          times[i]?.push(await timeCli([source, ...type, '--out', out]));
        }
      }
      const [base, own] = times.map(median) as [number, number];
      const peak = await memoryOfCli([model, ...type, '--out', out, '--force']);
      console.log(
        `${name} to ${type[1]}: ${own.toFixed(2)} s, bfloat16 ${base.toFixed(2)} s: ${(own / base).toFixed(2)}x ` +
          `(at most ${MOST_TIME}x: ${verdict(own / base, MOST_TIME)}); ` +
          `peak ${peak.toFixed(0)} MiB (at most ${MOST_MIB}: ${verdict(peak, MOST_MIB)})`,
      );
    }
    if (python !== undefined) {
      console.log(`${name}: ${timeOfPeer(python, name, model)}`);
    }
    rmSync(model, { recursive: true });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

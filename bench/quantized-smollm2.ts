/**
 * What Q4_K_M loses of a model that is quantized already: the mean KL divergence from it, and that from a bfloat16 model of
 * the values that the method's own library decodes to. A method whose packages aren't installed is left out, by name.
 * Fails where the two divergences differ by 5 % or more.
 *
 *   python3 -m venv VENV && VENV/bin/pip install torch safetensors bitsandbytes 'mlx[cpu]'
 *   node out/bench/quantized-smollm2.js VENV/bin/python [FOLDER [CHUNKS [METHOD...]]]
 *
 * A method takes some four minutes on two cores.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check } from '#src/runner/check.js';
import { finish } from '../test/calls/records.js';
import { fixtures } from '../test/paths.js';
import { timeCli } from './measure.js';
import { smollm2 } from './smollm2.js';

const [python = 'python3', given, chunks = '16', ...asked] = process.argv.slice(2);
const SCRIPT = fileURLToPath(new URL('../../bench/quantized-smollm2.py', import.meta.url));
const TEXT = join(fixtures, 'Tiny-Verse-2M.expected/eval.txt');
const METHODS = { nf4: 'bitsandbytes NF4', awq: 'AWQ', mlx: 'MLX 4 bits' };
/** The script's exit code where a package is missing. */
const MISSING = 3;
const MAX_DIFFERENCE = 0.05;

/** The mean KL divergence of a folder's Q4_K_M from the folder itself. */
async function divergence(source: string): Promise<number> {
  const model = `${source}.gguf`;
  await timeCli([source, '--quant', 'q4_k_m', '--out', model]);
  const { models } = await finish(check({ source: model, against: source, text: TEXT, chunks: Number(chunks) }));
  return models[0]?.divergence?.kld.value ?? Number.NaN;
}

const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-bench-'));
try {
  const source = smollm2(given, folder);
  for (const [method, name] of Object.entries(METHODS).filter(([own]) => asked.length === 0 || asked.includes(own))) {
    const [quantized, decoded] = [join(folder, method, 'quantized'), join(folder, method, 'decoded')];
    const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
    const { status, stdout } = spawnSync(python, [SCRIPT, method, source, quantized, decoded], { stdio });
    if (status === MISSING) {
      console.log(`${name}: left out, ${stdout.toString().trim()}`);
      continue;
    }
    if (status !== 0) {
      throw new Error(`${python} could not make the model of ${name}.`);
    }
    const [own, other] = [await divergence(quantized), await divergence(decoded)];
    const difference = own / other - 1;
    console.log(
      `${name}: KL divergence ${own.toFixed(6)}, of decoded values ${other.toFixed(6)}: ${(100 * difference).toFixed(2)} %`,
    );
    if (!(Math.abs(difference) < MAX_DIFFERENCE)) {
      process.exitCode = 1;
    }
    rmSync(join(folder, method), { recursive: true });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

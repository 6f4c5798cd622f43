/**
 * Types chosen by size against llama.cpp's fixed recipes: both with the importance matrix of the bundled calibration text,
 * the size asked for being that of the recipe's file, the KL divergence from the source on another text (context 512,
 * 16 chunks). Fails where a file is larger than the recipe's, or the divergence is not so much lower as it must be.
 *
 *   node out/bench/target.js [org/model|FOLDER [TYPE...]]
 */

import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import { parseQuants } from '#src/plan/check-params.js';
import { check } from '#src/runner/check.js';
import { collectImatrix } from '#src/runner/imatrix/auto.js';
import { measureSensitivities } from '#src/runner/sensitivity/measure.js';
import { finish } from '../test/calls/records.js';
import { fixtures } from '../test/paths.js';
import { offGrid } from './off-grid.js';
import { smollm2 } from './smollm2.js';

interface Case {
  readonly source: string;
  readonly types: readonly string[];
  /** Share by which the divergence must be lower, and should be. */
  readonly floor: number;
  readonly goal: number;
}

const TEXT = join(fixtures, 'Tiny-Verse-2M.expected/eval.txt');
const CHUNKS = 16;

async function cases([given, ...types]: readonly string[], folder: string): Promise<readonly Case[]> {
  if (given !== undefined && types.length > 0) {
    return [{ source: given, types, floor: 0.2, goal: 0.35 }];
  }
  const source = smollm2(given, folder);
  const wanted = { types: ['Q4_K_M', 'Q3_K_M', 'IQ4_XS'], floor: 0.2, goal: 0.35 };
  return [
    { source: join(fixtures, 'Tiny-Verse-2M'), types: ['Q4_K_M', 'Q3_K_M'], floor: 0.1, goal: 0.25 },
    { ...wanted, source },
    // Where the weights come from a 4-bit file, much of the gain is that this is found out.
    ...(existsSync(source) ? [{ ...wanted, source: await offGrid(source, join(folder, 'off-grid')) }] : []),
  ];
}

async function compare({ source, types, floor, goal }: Case, folder: string): Promise<boolean> {
  const started = performance.now();
  const imatrix = await collectImatrix({ source });
  const sensitivities = await measureSensitivities({ source, imatrix });
  console.log(`${source}: calibrated in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  const { files } = await finish(convert({ source, quant: parseQuants(types), imatrix, output: folder }));
  const results: boolean[] = [];
  for (const { path, type, size } of files) {
    const out = join(folder, 'own.gguf');
    const own = await finish(convert({ source, targetSize: String(size), imatrix, sensitivities, output: out }));
    const { models } = await finish(check({ source: [path, out], against: source, text: TEXT, chunks: CHUNKS }));
    const [theirs = Number.NaN, ours = Number.NaN] = models.map(({ divergence }) => divergence?.kld.value);
    const ownSize = statSync(out).size;
    const predicted = own.files[0]?.prediction?.kld ?? Number.NaN;
    const lower = 1 - ours / theirs;
    const good = ownSize <= size && lower >= floor;
    const remark = !good ? `LESS THAN ${floor * 100} % OR LARGER` : lower >= goal ? 'goal reached' : 'holds';
    console.log(
      `  ${type?.padEnd(6)} ${size} bytes ${theirs.toFixed(6)}   by size ${ownSize} bytes ${ours.toFixed(6)} (predicted ${predicted.toFixed(6)})   ${(lower * 100).toFixed(1)} % lower, ${remark}`,
    );
    results.push(good);
  }
  return results.every(Boolean);
}

const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-bench-'));
try {
  for (const one of await cases(process.argv.slice(2), folder)) {
    if (!(await compare(one, mkdtempSync(join(folder, 'files-'))))) {
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}

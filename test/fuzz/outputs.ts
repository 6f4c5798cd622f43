/**
 * Pairs of processes that write the same files at random offsets, some of them interrupted, while an observer reads what
 * stands under the files' names. Ends with 1 if anything was ever not whole, or was left.
 *
 *   node out/test/fuzz/outputs.js [--pairs 100] [--seed N]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runPairs } from '../output/pairs.js';

const { values: options } = parseArgs({
  options: { pairs: { type: 'string', default: '100' }, seed: { type: 'string', default: String(Date.now() >>> 0) } },
});
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-pairs-'));
try {
  console.log(`seed ${options.seed}`);
  const reports = await runPairs(folder, Number(options.pairs), Number(options.seed));
  const faults = reports.flatMap(({ name, codes, faults }) => faults.map((fault) => `${name} (${codes}): ${fault}`));
  const count = (key: 'looks' | 'seen') => reports.reduce((sum, report) => sum + report[key], 0);
  console.log(`${reports.length} pairs, looked at ${count('looks')} times, ${count('seen')} files read`);
  const codes = reports.flatMap(({ codes }) => codes).sort();
  console.log(
    `exit codes: ${[...new Set(codes)].map((code) => `${codes.filter((c) => c === code).length} x ${code}`).join(', ')}`,
  );
  console.log(faults.length === 0 ? 'all whole, nothing left' : faults.join('\n'));
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

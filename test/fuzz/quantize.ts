/**
 * The kernels against ggml's own library: random tensors until so many rows of every type were compared, without and
 * with importance weights, on every target of this machine. Ends with 1 at the first byte that differs.
 *
 *   node out/test/fuzz/quantize.js [--rows 10000] [--seed N] [TYPE...]
 */
import { parseArgs } from 'node:util';
import { availableTargets } from '#src/quantize/native.js';
import { loadGgml, peerMissing } from '../peer/ggml.js';
import { compareRound, compareValues, randomBlocks } from '../quantize/compare.js';
import { random } from '../quantize/inputs.js';
import { FLOATS, TYPES } from '../quantize/vectors.js';

if (peerMissing !== undefined) throw new Error(peerMissing);
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: 'string', default: '10000' }, seed: { type: 'string', default: String(Date.now() >>> 0) } },
});
const wanted = Number(options.rows);
const seed = Number(options.seed);
const ggml = loadGgml();

console.log(`seed ${seed}, targets ${availableTargets().join(', ')}`);
for (const type of TYPES.filter((name) => positionals.length === 0 || positionals.includes(name))) {
  let rows = 0;
  let difference: string | null = null;
  for (let round = 0; rows < wanted && difference === null; round++) {
    const result = compareRound(ggml, type, random(seed, round));
    rows += result.rows;
    difference = result.difference;
    if (difference === null && !FLOATS.includes(type)) {
      difference = compareValues(ggml, type, randomBlocks(type, random(seed, round), 1024), 1024);
    }
  }
  console.log(`${type.padEnd(7)}  ${rows} rows, ${difference ?? 'no byte differs'}`);
  if (difference !== null) process.exitCode = 1;
}

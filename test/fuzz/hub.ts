/**
 * Conversions over a Hub that misbehaves, each by one to three faults of test/hub/faults.mjs: a process that dies, hangs,
 * takes too much memory, ends otherwise than the faults ask for, writes wrong bytes, leaves files, prints control
 * characters or the token, or sends it to another host, is printed. Ends with 1 if anything was found.
 *
 *   node out/test/fuzz/hub.js [COUNT] [SEED] [ROUND]
 *
 * COUNT is 1000, and SEED any, where they are left out. ROUND runs that one alone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describePlaces, hubRound } from './hub-round.js';

/** They wait more than they work. */
const AT_A_TIME = 2;

const [count = 1000, seed = Date.now() >>> 0, only] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-fuzz-hub-'));
const rounds = only === undefined ? Array.from({ length: count }, (_, i) => i) : [only];
const ends = new Map<number | null, number>();
const met = new Set<string>();
let found = 0;

console.log(`seed ${seed}, ${rounds.length} rounds`);
let next = 0;
const workers = Array.from({ length: AT_A_TIME }, async () => {
  for (let round = rounds[next++]; round !== undefined; round = rounds[next++]) {
    const outcome = await hubRound(seed, round, join(folder, String(round)));
    ends.set(outcome.code, (ends.get(outcome.code) ?? 0) + 1);
    for (const fault of outcome.met) met.add(fault);
    for (const finding of outcome.findings) {
      found++;
      console.log(`seed ${seed}, round ${round} (${describePlaces(outcome.places)}): ${finding}`);
    }
    if (round % 100 === 99) console.log(`${round + 1} rounds, ${found} findings`);
  }
});
await Promise.all(workers);
rmSync(folder, { recursive: true });
const codes = [...ends].sort(([a], [b]) => Number(a) - Number(b)).map(([code, times]) => `${times} ended with ${code}`);
console.log(`${codes.join(', ')}; ${met.size} faults were met; ${found} findings`);
process.exitCode = found > 0 ? 1 : 0;

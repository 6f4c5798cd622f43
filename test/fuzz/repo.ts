/**
 * Hostile repositories, each a small real one with one to three faults, converted by the command line in processes of
 * their own: a process that dies, takes too long or too much memory, ends with 1, prints a character that drives a
 * terminal or leaves a file behind, is printed with its seed. Ends with 1 if anything was found.
 *
 *   node out/test/fuzz/repo.js [COUNT = 1000] [SEED]
 *
 * `repo.js 1 SEED` repeats a finding.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { attemptRepo } from './repo-attempt.js';

const [count = '1000', first = String(Date.now() >>> 0)] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-repos-'));
const ends = new Map<string, number>();
let [next, found] = [0, 0];

async function work(own: string): Promise<void> {
  while (next < Number(count)) {
    const seed = Number(first) + next++;
    const { what, findings, end } = await attemptRepo(own, seed, 0);
    ends.set(end, (ends.get(end) ?? 0) + 1);
    for (const finding of findings) {
      found++;
      console.log(`seed ${seed}: ${finding}\n  ${what}`);
    }
    if (count === '1') {
      console.log(`${what}: ended with ${end}`);
    }
  }
}

try {
  await Promise.all(Array.from({ length: availableParallelism() }, (_, i) => work(join(folder, String(i)))));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const codes = [...ends].sort().map(([end, times]) => `${times} x ${end}`);
console.log(`${count} repositories from seed ${first}: ${codes.join(', ')}; ${found} findings`);
process.exitCode = found > 0 ? 1 : 0;

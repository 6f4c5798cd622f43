/**
 * Jobs of many users on a server whose workers are killed with SIGKILL and which is itself restarted: each has to end once,
 * with the bytes of an undisturbed conversion, and with all its events. Ends with 1 if anything was found.
 *
 *   node out/test/soak/serve.js [jobs] [users] [workers]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { soak } from './soak.js';

const [jobs = 200, users = 20, workers = 4] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-soak-'));
try {
  const { kills, seconds, faults } = await soak({ folder, jobs, users, workers, killEvery: 4000, restarts: 2 });
  for (const fault of faults) {
    console.log(fault);
  }
  console.log(
    `${jobs} jobs of ${users} users on ${workers} workers, ${kills} of them killed: ${faults.length} findings, ` +
      `${seconds.toFixed(0)} s`,
  );
  process.exitCode = faults.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}

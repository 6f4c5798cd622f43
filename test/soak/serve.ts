/**
 * Jobs of many users on a server whose workers are killed with SIGKILL and which is itself restarted: each has to end once,
 * with the bytes of an undisturbed conversion, and with all its events. Ends with 1 if anything was found.
 *
 *   node out/test/soak/serve.js [--redis] [jobs] [users] [workers]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { soak } from './soak.js';

const args = process.argv.slice(2);
const redis = args.includes('--redis');
const [jobs = 200, users = 20, workers = 4] = args.filter((arg) => arg !== '--redis').map(Number);
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-soak-'));
try {
  const load = { jobs, users, workers, killEvery: 4000, restarts: 2, redis };
  const { kills, seconds, faults } = await soak({ folder, ...load });
  for (const fault of faults) {
    console.log(fault);
  }
  console.log(
    `${jobs} jobs of ${users} users on ${workers} workers${redis ? ' over Redis' : ''}, ${kills} of them killed: ${faults.length} findings, ` +
      `${seconds.toFixed(0)} s`,
  );
  process.exitCode = faults.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}

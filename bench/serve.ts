/**
 * A server under load: open streams of events, and requests for plans that are cached, as fast as they are answered.
 *
 *   node out/bench/serve.js [streams] [requests]
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, get, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job } from '../src/server/api.js';
import { start } from '../test/cli/run.js';
import { startHub } from '../test/hub/server.mjs';
import { fixtures } from '../test/paths.js';

const [streams = 2000, requests = 2000] = process.argv.slice(2).map(Number);
/** Requests under way at once. */
const LANES = 20;
const SOURCE = 'org/Tiny-Verse-2M';

const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-load-'));
mkdirSync(join(folder, 'hub/org'), { recursive: true });
cpSync(join(fixtures, 'Tiny-Verse-2M'), join(folder, 'hub', SOURCE), { recursive: true });
const hub = await startHub(join(folder, 'hub'));
const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '0', HF_HOME: folder };
const server = start(['serve', '--port', '0', '--workers', '0', '--data', join(folder, 'data')], env);
const address = await new Promise<string>((resolve) => {
  server.child.stdout?.on('data', (piece: Buffer) => resolve(/http:\S+(?=\/)/.exec(`${piece}`)?.[0] ?? ''));
});
const agent = new Agent({ keepAlive: true, maxSockets: LANES });

function post(path: string, body: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', agent, headers: { 'content-type': 'application/json' } };
    request(`${address}${path}`, options, (response) => {
      let text = '';
      response.on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => resolve(text));
    })
      .once('error', reject)
      .end(JSON.stringify(body));
  });
}

/** Resolves when the stream's first event is there. */
function follow(id: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(`${address}/api/jobs/${id}/events`, { agent: false }, (response) => {
      response.once('data', () => resolve());
      response.once('error', () => {});
    }).once('error', reject);
  });
}

const memory = () => {
  const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/VmHWM:\s*(\d+)/.exec(status)?.[1]) / 1024;
};

try {
  const job = JSON.parse(await post('/api/jobs', { source: SOURCE, quant: ['Q8_0'] })) as Job;
  await post('/api/plans', { source: SOURCE });
  for (let i = 0; i < streams; i += 100) {
    await Promise.all(Array.from({ length: Math.min(100, streams - i) }, () => follow(job.id)));
  }
  const times: number[] = [];
  const began = performance.now();
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      while (times.length < requests) {
        const sent = performance.now();
        await post('/api/plans', { source: SOURCE });
        times.push(performance.now() - sent);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number) => `${(times[Math.floor(times.length * share)] ?? 0).toFixed(1)} ms`;
  console.log(
    `${streams} streams open, ${times.length} plans in ${seconds.toFixed(1)} s: ${Math.round(times.length / seconds)} a second`,
  );
  console.log(`p50 ${at(0.5)}, p99 ${at(0.99)}; peak memory ${Math.round(memory())} MiB`);
} finally {
  server.child.kill('SIGTERM');
  await server.finished;
  agent.destroy();
  await hub.close();
  rmSync(folder, { recursive: true });
}

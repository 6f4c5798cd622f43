/**
 * A model of 0.52 billion random parameters, quantized to q4_k_m in parts by 1, 2 and 4 workers that share it through a queue,
 * compared with the files of one process: each worker with a line of its own to the Hub, and without a limit of the line.
 *
 *   node out/bench/workers.js [--redis] [workers...]     with it the queue is a redis-server of this machine, else a file
 *
 * All workers run on the cores of this machine, and so do the Hubs on the loopback: the time of all together cannot fall below
 * their CPU time over the cores. What the busiest of them takes is what each would take on a machine of its own.
 */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '../src/server/api.js';
import { type Started, start } from '../test/cli/run.js';
import { type LoopbackHub, startHub } from '../test/hub/server.mjs';
import { startRedis } from '../test/server/redis.js';
import { secondsOf, settle, timeCli } from './measure.js';
import { syntheticEven } from './synthetic.js';

/** Bytes a second of each worker's line: 100 Mbit/s. */
const LINE = 12.5e6;
const TYPE = 'Q4_K_M';
/** Of ten parts, one is the embedding, one holds but norms. */
const PART = '38M';
/** Milliseconds in which workers start. */
const START = 3000;
/** Of /proc's clock, on every Linux. */
const TICKS = 100;
const CORES = availableParallelism();

const isRedis = process.argv.includes('--redis');
const given = process.argv.slice(2).map(Number).filter(Number.isInteger);
const counts = given.length > 0 ? given : [1, 2, 4];
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-workers-'));
const root = join(folder, 'hub');
mkdirSync(join(root, 'org'), { recursive: true });
const source = `org/${basename(syntheticEven(join(root, 'org')))}`;

interface Share {
  /** CPU seconds. */
  readonly cpu: number;
  /** Bytes of weights. */
  readonly read: number;
}

interface Measured {
  readonly seconds: number;
  readonly shares: readonly Share[];
}

async function hashes(path: string): Promise<string> {
  const sum = createHash('sha256');
  for (const name of readdirSync(path).sort()) {
    sum.update(name);
    for await (const piece of createReadStream(join(path, name))) {
      sum.update(piece as Buffer);
    }
  }
  return sum.digest('hex');
}

/** CPU seconds of a process so far. */
function cpuOf({ child }: Started): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  return ((fields[11] ?? 0) + (fields[12] ?? 0)) / TICKS;
}

/** Bytes of weights that a Hub was asked for. */
function readOf({ seen }: LoopbackHub): number {
  return seen
    .filter(({ host }) => host === 'cdn')
    .reduce((sum, { range }) => {
      const [, from = 0, to = 0] = /(\d+)-(\d+)/.exec(range ?? '')?.map(Number) ?? [];
      return sum + to - from + 1;
    }, 0);
}

const line = (rate: number | undefined) => (rate === undefined ? {} : { rate });

/** Has workers make the files, each with a Hub of its own. */
async function share(count: number, rate: number | undefined, expected: string): Promise<Measured> {
  const hubs = await Promise.all(Array.from({ length: count }, () => startHub(root, { hashes: false, ...line(rate) })));
  const redis = isRedis ? await startRedis() : null;
  const data = mkdtempSync(join(folder, 'data-'));
  const run = (hub: LoopbackHub | undefined, ...args: readonly string[]) => {
    const env = { HF_HUB_OFFLINE: '0', HF_HOME: folder, HF2GGUF_REDIS_URL: redis?.url ?? '' };
    return start([...args, '--data', data], { ...env, HF_ENDPOINT: hub?.endpoint ?? '' });
  };
  const server = run(hubs[0], 'serve', '--port', '0', '--workers', '0', '--share-from', '1');
  const address = await new Promise<string>((resolve) => {
    server.child.stdout?.on('data', (piece: Buffer) => resolve(/http:\S+(?=\/)/.exec(`${piece}`)?.[0] ?? ''));
  });
  const workers = hubs.map((hub) => run(hub, 'worker'));
  try {
    await sleep(START);
    const before = workers.map(cpuOf);
    const ask = async (path: string, init?: RequestInit) =>
      (await (await fetch(`${address}${path}`, init)).json()) as Job;
    let job = await ask('/api/jobs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ source, quant: [TYPE], splitMaxSize: PART }),
    });
    while (job.ended === null) {
      await sleep(50);
      job = await ask(`/api/jobs/${job.id}`);
    }
    const made = join(data, 'jobs', job.id);
    if (job.state !== 'done' || (await hashes(made)) !== expected) {
      throw new Error(`The files differ, or there are none: ${JSON.stringify(job.failure)}`);
    }
    return {
      seconds: (job.ended - job.created) / 1000,
      shares: workers.map((worker, i) => ({
        cpu: cpuOf(worker) - (before[i] ?? 0),
        read: readOf(hubs[i] as LoopbackHub),
      })),
    };
  } finally {
    for (const { child, finished } of [server, ...workers]) {
      child.kill('SIGTERM');
      await finished;
    }
    await Promise.all(hubs.map((hub) => hub.close()));
    await redis?.stop();
    rmSync(data, { recursive: true });
  }
}

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const seconds = (value: number) => `${value.toFixed(1)} s`;

function show({ seconds: wall, shares }: Measured, rate: number | undefined): void {
  const cpu = shares.reduce((sum, own) => sum + own.cpu, 0);
  const count = `${shares.length} ${shares.length === 1 ? 'worker' : 'workers'}`;
  console.log(`${count}: ${seconds(wall)} together; CPU ${seconds(cpu)}, over ${CORES} cores ${seconds(cpu / CORES)}`);
  for (const { cpu, read } of shares) {
    console.log(`  one: CPU ${seconds(cpu)}, ${mib(read)} of weights read`);
  }
  const most = Math.max(...shares.map(({ cpu: own, read }) => Math.max(own / CORES, rate ? read / rate : 0)));
  const what = rate ? 'CPU over the cores or bytes over the line' : 'CPU over the cores';
  console.log(`  on machines of their own at least ${seconds(most)}: the busiest worker's ${what}`);
}

try {
  const one = join(folder, 'one');
  const options = ['--quant', TYPE, '--split-max-size', PART, '--out', `${one}/`];
  await timeCli([join(root, source), ...options]);
  const expected = await hashes(one);
  console.log(`${source}, ${TYPE}, ${readdirSync(one).length} parts; the queue is ${isRedis ? 'a Redis' : 'a file'}.`);
  for (const rate of [LINE, undefined]) {
    const hub = await startHub(root, { hashes: false, ...line(rate) });
    process.env.HF_ENDPOINT = hub.endpoint;
    process.env.HF_HOME = folder;
    const alone = await secondsOf(() => timeCli([source, ...options]));
    await hub.close();
    const where = rate ? `Each worker has a line of ${(rate * 8) / 1e6} Mbit/s.` : 'The line has no limit.';
    console.log(`\n${where} One process of the command line, all parts: ${seconds(alone)}`);
    for (const count of counts) {
      settle();
      show(await share(count, rate, expected), rate);
    }
  }
  console.log('\nAll files were identical to those of one process.');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

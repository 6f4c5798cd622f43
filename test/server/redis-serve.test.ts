import { createHash } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '#src/server/api.js';
import { readRecord } from '../calls/records.js';
import { run, type Started, start } from '../cli/run.js';
import { PlacedFaults } from '../hub/faults.mjs';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { redisMissing, type StartedRedis, startRedis } from './redis.js';

const PASSWORD = 'PasswordOfTheTests0123456789';
const record = readRecord(join(fixtures, 'Tiny-Verse-2M.expected', 'quantize-Q8_0.json'));
/** Bytes a second of the Hub's line where a conversion is to take a while. */
const SLOW = 800_000;

const title = `jobs in Redis${redisMissing === undefined ? '' : ` (skipped: ${redisMissing})`}`;

(redisMissing === undefined ? describe : describe.skip)(title, () => {
  let hub: LoopbackHub;
  let redis: StartedRedis;
  let redisFolder: string;
  let data: string;
  let address: string;
  let started: Started[];

  const options = ['--requirepass', PASSWORD, '--appendonly', 'yes'];
  const url = () => `redis://:${PASSWORD}@127.0.0.1:${redis.port}`;

  beforeEach(async () => {
    started = [];
    data = tempFolder();
    redisFolder = tempFolder();
    redis = await startRedis({ folder: redisFolder, options });
  });

  afterEach(async () => {
    for (const { child, finished } of started) {
      child.kill('SIGTERM');
      await finished;
    }
    await hub?.close();
    await redis.stop();
  });

  async function openHub(more: { rate?: number } = {}): Promise<void> {
    const root = tempFolder();
    cpSync(join(fixtures, 'Tiny-Verse-2M'), join(root, 'org', 'Tiny-Verse-2M'), { recursive: true });
    hub = await startHub(root, { retryAfter: 0, ...more });
  }

  /** A process that is told of Redis by its environment, unless its arguments do so. */
  function begin(...args: readonly string[]): Started {
    const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '0', HF_HOME: tempFolder() };
    const own = start([...args, '--data', data], {
      ...env,
      ...(!args.includes('--redis') && { HF2GGUF_REDIS_URL: url() }),
    });
    started.push(own);
    return own;
  }

  async function serve(...args: readonly string[]): Promise<Started> {
    const server = begin('serve', '--port', '0', ...args);
    address = await new Promise((resolve) => {
      server.child.stdout?.on('data', (piece: Buffer) => resolve(/http:\/\/\S+(?=\/)/.exec(`${piece}`)?.[0] ?? ''));
    });
    return server;
  }

  async function order(): Promise<Job> {
    const body = JSON.stringify({ source: 'org/Tiny-Verse-2M', quant: ['Q8_0'] });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${address}/api/jobs`, { method: 'POST', headers, body });
    return (await response.json()) as Job;
  }

  const look = async (id: string) => (await (await fetch(`${address}/api/jobs/${id}`)).json()) as Job;

  async function until(id: string, state: Job['state']): Promise<Job> {
    let job = await look(id);
    while (job.state !== state) {
      await sleep(20);
      job = await look(id);
    }
    return job;
  }

  /** The states that a job has come to. */
  async function statesOf(id: string): Promise<(string | undefined)[]> {
    const text = await (await fetch(`${address}/api/jobs/${id}/events`)).text();
    const events = [...text.matchAll(/data: (.*)\nid: \d+/g)].map(([, sent = '']) => JSON.parse(sent));
    return events.flatMap(({ event, job }) => (event === 'state' ? job.state : []));
  }

  function expectBytes({ id, files }: Job): void {
    const bytes = readFileSync(join(data, 'jobs', id, files[0]?.name ?? ''));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(record.sha256);
  }

  test('two workers share a folder: where one is killed, the other goes on, and the job ends once', async () => {
    await openHub();
    const server = await serve('--workers', '0');
    hub.placed = new PlacedFaults([{ fault: 'stall', from: 30, lasting: true }]);
    const first = begin('worker');
    const { id } = await order();
    await until(id, 'running');
    const second = begin('worker');
    first.child.kill('SIGKILL');
    await first.finished;
    hub.placed = null;
    expect(await statesOf(id)).toEqual(['queued', 'running', 'queued', 'running', 'done']);
    expectBytes(await look(id));
    for (const { child, finished } of [second, server]) {
      child.kill('SIGTERM');
      const { out, err } = await finished;
      expect(out + err).not.toMatch(/Password|bug/);
    }
  });

  test('a Redis that is away for a while is waited for', async () => {
    await openHub({ rate: SLOW });
    const server = await serve('--workers', '1');
    const { id } = await order();
    await until(id, 'running');
    await redis.stop();
    await server.seen(/was lost/);
    redis = await startRedis({ folder: redisFolder, port: redis.port, options });
    await server.seen(/is there again/);
    expectBytes(await until(id, 'done'));
    expect((await statesOf(id)).filter((state) => state === 'done')).toHaveLength(1);
  });

  test("workers are told of Redis where other users' processes do not see it", async () => {
    await openHub({ rate: SLOW });
    const server = await serve('--redis', url());
    await until((await order()).id, 'running');
    const { pid } = server.child;
    const [worker] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    const args = readFileSync(`/proc/${worker}/cmdline`, 'utf8');
    expect(args).toContain('worker');
    expect(args).not.toContain(PASSWORD);
  });

  test('who is told to end does so while Redis is away', async () => {
    await openHub();
    const server = await serve('--workers', '1');
    await redis.stop();
    await server.seen(/was lost/);
    server.child.kill('SIGTERM');
    expect((await server.finished).err).not.toMatch(/bug/);
    redis = await startRedis({ folder: redisFolder, port: redis.port, options });
  });

  test('a Redis that cannot be used is said to be so, without its password', async () => {
    const other = 'LetMeInOfTheTests012345';
    const refused: readonly (readonly [url: string, error: RegExp])[] = [
      [`redis://:${other}@127.0.0.1:${redis.port}`, /wants another password\. Correct that in --redis/],
      [`redis://127.0.0.1:${redis.port}`, /wants another password/],
      [`redis://:${other}@127.0.0.1:1`, /127\.0\.0\.1:1 does not answer: .*ECONNREFUSED.* Start it, or correct/],
      [`http://:${other}@127.0.0.1`, /no address of a Redis\. Give one such as redis:/],
    ];
    for (const [i, [wrong, error]] of refused.entries()) {
      const { code, err } = await run([i % 2 === 0 ? 'serve' : 'worker', '--data', data, '--redis', wrong]);
      expect([code, err]).toEqual([6, expect.stringMatching(error)]);
      expect(err).not.toContain('LetMeIn');
    }
  });

  test('a Redis that may forget jobs is warned of', async () => {
    await openHub();
    await redis.stop();
    const forgetful = [...options, '--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'];
    redis = await startRedis({ folder: redisFolder, port: redis.port, options: forgetful });
    const server = await serve('--workers', '0');
    await server.seen(/"event":"warning".*maxmemory-policy allkeys-lru.*noeviction/);
  });
});

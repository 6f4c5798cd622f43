import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { convert } from '#src/calls/conversions.js';
import type { Job } from '#src/server/api.js';
import { finish, sha256 } from '../calls/records.js';
import { type Started, start } from '../cli/run.js';
import { line } from '../hub/line.mjs';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { redisMissing, startRedis } from './redis.js';

const NAME = 'Tiny-Verse-2M';
/** Five parts. */
const ORDER = { source: `org/${NAME}`, quant: ['Q8_0'], splitMaxSize: '500K' };
/** Bytes a second at which a conversion can be watched. */
const SLOW = 1e6;

let root: string;
let hub: LoopbackHub;
let data: string;
let started: Started[];
let redis = '';
let address: string;

const run = (...args: readonly string[]) => {
  const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '0', HF_HOME: tempFolder(), HF2GGUF_REDIS_URL: redis };
  const one = start([...args, '--data', data], env);
  started.push(one);
  return one;
};

beforeEach(async () => {
  root = tempFolder();
  cpSync(join(fixtures, NAME), join(root, 'org', NAME), { recursive: true });
  hub = await startHub(root, { retryAfter: 0 });
  data = join(tempFolder(), 'data');
  started = [];
  redis = '';
});

/** Ends the server and its workers. */
async function end(): Promise<void> {
  for (const { child, finished } of started.splice(0)) {
    child.kill('SIGTERM');
    await finished;
  }
}

afterEach(async () => {
  await end();
  await hub.close();
});

/** A server whose workers share whatever is more than one file. */
async function serve(workers: number): Promise<void> {
  const { child } = run('serve', '--port', '0', '--workers', `${workers}`, '--share-from', '1K');
  address = await new Promise((resolve) => {
    child.stdout?.on('data', (piece: Buffer) => resolve(/http:\S+(?=\/)/.exec(`${piece}`)?.[0] ?? ''));
  });
}

async function ask<Answer>(path: string, body?: object): Promise<{ status: number; answer: Answer }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${address}${path}`, {
    ...(body && { method: 'POST', headers, body: JSON.stringify(body) }),
  });
  return { status: response.status, answer: (await response.json()) as Answer };
}

type Followed = { readonly event: string; readonly job?: Job; readonly phase?: string; readonly part?: number };

/** The events of a job until its stream ends. */
async function follow(id: string): Promise<Followed[]> {
  const text = await (await fetch(`${address}/api/jobs/${id}/events`)).text();
  return [...text.matchAll(/data: (.*)\nid: /g)].map(([, event = '']) => JSON.parse(event));
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await sleep(20);
  }
}

const folderOf = (id: string) => join(data, 'jobs', id);
const filesOf = (id: string) => (existsSync(folderOf(id)) ? readdirSync(folderOf(id)).sort() : []);

/** The files that one process makes, with their hashes. */
async function whole({ quant, splitMaxSize }: { quant: readonly string[]; splitMaxSize?: string }) {
  const output = tempFolder();
  const types = quant as ('Q8_0' | 'Q4_K_M')[];
  const split = splitMaxSize === undefined ? {} : { splitMaxSize };
  await finish(convert({ source: join(root, 'org', NAME), quant: types, ...split, output: `${output}/` }));
  return readdirSync(output)
    .sort()
    .map((name) => [name, sha256(join(output, name))]);
}

const QUEUES = { SQLite: () => null, ...(redisMissing === undefined && { Redis: startRedis }) };
if (redisMissing !== undefined) {
  test.skip(`with jobs in Redis (skipped: ${redisMissing})`, () => {});
}

test.each(Object.entries(QUEUES))(
  'three workers make the files of one, though one of them is killed: %s',
  async (_, begin) => {
    const server = await begin();
    redis = server?.url ?? '';
    await serve(2);
    const { answer: job } = await ask<Job>('/api/jobs', ORDER);
    expect(job).toMatchObject({ splitMaxSize: '500K', files: [] });
    expect(job.parts.map(({ files }) => files)).toEqual(
      [1, 2, 3, 4, 5].map((part) => [`${NAME}-Q8_0-0000${part}-of-00005.gguf`]),
    );
    hub.line = line(SLOW);
    const { child } = run('worker');
    const itsFile = () => filesOf(job.id).find((name) => name.includes(`-${child.pid}-`) && name.endsWith('.partial'));
    await until(() => itsFile() !== undefined);
    child.kill('SIGKILL');
    hub.line = null;
    // What a worker of another machine has left, whose process this one cannot know.
    const left = itsFile()?.replace(/gguf\..*/, 'gguf.deadbeef-1-1-deadbeef.partial') ?? '';
    writeFileSync(join(folderOf(job.id), left), 'x');
    const events = await follow(job.id);
    const states = events.filter(({ event }) => event === 'state').map((event) => event.job?.state);
    expect(states).toEqual(['queued', 'running', 'done']);
    const done = events.at(-1)?.job;
    const expected = await whole(ORDER);
    expect(filesOf(job.id).map((name) => [name, sha256(join(folderOf(job.id), name))])).toEqual(expected);
    expect(done?.files.map(({ name, size }) => [name, size])).toEqual(
      expected.map(([name = ''], i) => [name, job.parts[i]?.size]),
    );
    // Each part has its stages, that of the killed worker twice.
    const begun = events.filter(({ phase }) => phase === 'open').map(({ part }) => part);
    expect([...new Set(begun)].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(begun).toHaveLength(6);
    expect(events.filter(({ event }) => event === 'file').map(({ part }) => part)).toHaveLength(5);
    expect((await ask<Job[]>('/api/jobs')).answer).toHaveLength(1);
    const name = done?.files[2]?.name;
    const file = await fetch(`${address}/api/jobs/${job.id}/files/${name}`);
    expect(Buffer.from(await file.arrayBuffer()).equals(readFileSync(join(folderOf(job.id), `${name}`)))).toBe(true);
    await end();
    await server?.stop();
  },
);

test('several types are made by several workers', async () => {
  await serve(2);
  const order = { source: ORDER.source, quant: ['Q4_K_M', 'Q8_0'] };
  const { answer: job } = await ask<Job>('/api/jobs', order);
  expect(job.parts.map(({ files }) => files)).toEqual([[`${NAME}-Q4_K_M.gguf`], [`${NAME}-Q8_0.gguf`]]);
  expect((await follow(job.id)).at(-1)?.job?.files.map(({ type }) => type)).toEqual(order.quant);
  expect(filesOf(job.id).map((name) => [name, sha256(join(folderOf(job.id), name))])).toEqual(await whole(order));
  const { answer: single } = await ask<Job>('/api/jobs', { source: ORDER.source, quant: ['Q8_0'] });
  expect(single.parts).toEqual([]);
  await follow(single.id);
});

test('nothing of a shared conversion stays that was cancelled, or of which a part fails', async () => {
  mkdirSync(join(root, 'org/Broken'));
  cpSync(join(root, 'org', NAME), join(root, 'org/Broken'), { recursive: true });
  breakWeights(join(root, 'org/Broken/model.safetensors'));
  await serve(3);
  const { answer: broken } = await ask<Job>('/api/jobs', { ...ORDER, source: 'org/Broken' });
  const failed = (await follow(broken.id)).at(-1)?.job;
  expect(failed).toMatchObject({ state: 'failed', files: [], failure: { what: expect.stringContaining('blk.2.ffn') } });
  await until(() => !existsSync(folderOf(broken.id)));

  const { answer: job } = await ask<Job>('/api/jobs', ORDER);
  hub.line = line(SLOW);
  await until(() => filesOf(job.id).length > 0);
  await ask(`/api/jobs/${job.id}/cancel`, {});
  expect((await follow(job.id)).at(-1)?.job?.state).toBe('cancelled');
  await until(() => !existsSync(folderOf(job.id)));
});

/** Makes a weight of the last block no number. */
function breakWeights(path: string): void {
  const bytes = readFileSync(path);
  const size = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + size));
  const [from] = header['model.layers.2.mlp.up_proj.weight'].data_offsets;
  bytes.writeUInt16LE(0x7fc0, 8 + size + from);
  writeFileSync(path, bytes);
}

test('what is measured or published is not shared', async () => {
  await serve(0);
  const partsOf = async (more: object) => (await ask<Job>('/api/jobs', { ...ORDER, ...more })).answer.parts.length;
  const publish = { to: 'me/Verse-GGUF', private: true };
  expect([await partsOf({}), await partsOf({ check: true }), await partsOf({ publish })]).toEqual([5, 0, 0]);
});

test('limits of parts are held to the rules of the command line', async () => {
  await serve(0);
  for (const splitMaxSize of ['10X', '1.5G', '', 5, '0M']) {
    const { status } = await ask('/api/jobs', { ...ORDER, splitMaxSize });
    expect({ splitMaxSize, status }).toEqual({ splitMaxSize, status: 400 });
  }
});

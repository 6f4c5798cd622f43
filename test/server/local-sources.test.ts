import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job, ModelPlan } from '#src/server/api.js';
import { LocalSources } from '#src/server/users/local-sources.js';
import { work } from '#src/server/work/worker.js';
import { readRecord } from '../calls/records.js';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { type OpenServer, openServer, until } from './kit.js';

const { size, sha256 } = readRecord(join(fixtures, 'Tiny-Verse-2M.expected/quantize-Q8_0.json'));

let hub: LoopbackHub;
let root: string;
let server: OpenServer;

beforeEach(async () => {
  hub = await startHub(tempFolder());
  root = join(tempFolder(), 'models');
  cpSync(join(fixtures, 'Tiny-Verse-2M'), join(root, 'Tiny-Verse-2M'), { recursive: true });
  server = await openServer(hub, { how: 'none', allowLocal: root });
});

afterEach(async () => {
  await server.close();
  await hub.close();
});

async function ask<Answer>(path: string, body?: unknown) {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(`${server.address}${path}`, body === undefined ? {} : post);
  return { status: response.status, answer: (await response.json()) as Answer };
}

const order = (source = 'local:Tiny-Verse-2M') => ask<Job>('/api/jobs', { source, quant: ['Q8_0'] });

/** The job once a worker has had it. */
async function worked(id: string): Promise<Job> {
  const stop = new AbortController();
  const { queue, jobs: folder, tokens } = server;
  const access = { endpoint: hub.endpoint, fetch, tokens };
  const working = work({ queue, folder, access, local: await LocalSources.open(root), signal: stop.signal });
  const now = async () => (await ask<Job>(`/api/jobs/${id}`)).answer;
  const job = await until(now, ({ state }) => state === 'done' || state === 'failed');
  stop.abort();
  await working;
  return job;
}

test('a folder is planned and converted by its name, and a changed one is another source', async () => {
  const { answer: plan } = await ask<ModelPlan>('/api/plans', { source: 'local:Tiny-Verse-2M' });
  expect(plan).toMatchObject({ source: 'local:Tiny-Verse-2M', architecture: 'llama' });
  expect(plan.types.find(({ type }) => type === 'Q8_0')?.size).toBe(size);
  const { status, answer: job } = await order();
  expect([status, job.commit]).toEqual([201, plan.commit]);
  const { files } = await worked(job.id);
  expect(files).toEqual([{ name: 'Tiny-Verse-2M-Q8_0.gguf', type: 'Q8_0', size }]);
  const bytes = await (await fetch(`${server.address}/api/jobs/${job.id}/files/${files[0]?.name}`)).arrayBuffer();
  expect(createHash('sha256').update(new Uint8Array(bytes)).digest('hex')).toBe(sha256);
  expect((await order()).status).toBe(200);
  writeFileSync(join(root, 'Tiny-Verse-2M/notes.txt'), 'more');
  const { answer: next } = await order();
  expect(next.id === job.id || next.commit === job.commit).toBe(false);
  // A job that waits is of the folder as it was.
  writeFileSync(join(root, 'Tiny-Verse-2M/notes.txt'), 'still more');
  expect((await worked(next.id)).failure?.what).toMatch(/local:Tiny-Verse-2M has changed/);
});

test('nothing outside the folder is a source, whatever links there are', async () => {
  const outside = join(root, '../outside');
  cpSync(join(fixtures, 'Tiny-Verse-2M'), outside, { recursive: true });
  symlinkSync(outside, join(root, 'link'));
  symlinkSync('../outside', join(root, 'relative'));
  symlinkSync('Tiny-Verse-2M', join(root, 'inside'));
  mkdirSync(join(root, 'mixed'));
  cpSync(join(fixtures, 'Tiny-Verse-2M'), join(root, 'mixed'), { recursive: true });
  symlinkSync(join(outside, 'config.json'), join(root, 'mixed/other.json'));
  writeFileSync(join(root, 'file'), 'x');
  for (const name of ['link', 'relative', 'mixed', 'file', 'none', 'outside']) {
    const { status, answer } = await order(`local:${name}`);
    expect([name, status]).toEqual([name, 400]);
    expect(JSON.stringify(answer)).not.toContain(root);
  }
  expect((await order('local:inside')).status).toBe(201);
  expect((await order('Tiny-Verse-2M')).status).toBe(400);
});

test('where the folder is on this machine is in no answer, no event and no failure', async () => {
  mkdirSync(join(root, 'empty'));
  for (const source of ['local:empty', 'local:Tiny-Verse-2M']) {
    const { answer } = await ask('/api/plans', { source });
    expect(JSON.stringify(answer)).toContain(source);
    expect(JSON.stringify(answer)).not.toContain(root);
  }
  const { answer: job } = await order();
  writeFileSync(join(root, 'Tiny-Verse-2M/config.json'), '{');
  const { failure } = await worked(job.id);
  const events = await server.queue.eventsOf(job.id, 0);
  expect(JSON.stringify([failure, events])).not.toContain(root);
});

test('a server that was given no folder has none', async () => {
  const plain = await openServer(hub, { how: 'none' });
  const response = await fetch(`${plain.address}/api/plans`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ source: 'local:Tiny-Verse-2M' }),
  });
  expect([response.status, await response.text()]).toEqual([400, expect.stringMatching(/models on the Hub alone/)]);
  await plain.close();
});

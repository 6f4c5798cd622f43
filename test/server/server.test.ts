import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, ModelPlan } from '#src/server/api.js';
import { readRecord } from '../calls/records.js';
import { type Started, start } from '../cli/run.js';
import { PlacedFaults } from '../hub/faults.mjs';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { filesOf } from '../publish/kit.js';
import { tempFolder } from '../temp.js';

const TOKEN = 'hf_ServerTokenOfTheTests0123456789ab';
const expected = join(fixtures, 'Tiny-Verse-2M.expected');
const record = (type: string) => readRecord(join(expected, `quantize-${type}.json`));

let hub: LoopbackHub;
let folder: string;
let server: Started;
let address: string;

const LOGIN = 'a token that nobody guesses';
const environment = () => {
  return {
    ...{ HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '0', HF_TOKEN: TOKEN, HF_HOME: tempFolder() },
    HF2GGUF_SERVE_TOKEN: LOGIN,
  };
};

async function serve(...args: readonly string[]): Promise<void> {
  server = start(['serve', '--port', '0', '--data', join(folder, 'data'), ...args], environment(), folder);
  address = await new Promise((resolve) => {
    server.child.stdout?.on('data', (piece: Buffer) => {
      const found = /http:\/\/\S+(?=\/)/.exec(`${piece}`)?.[0];
      if (found !== undefined) {
        resolve(found);
      }
    });
  });
}

async function stop(signal: NodeJS.Signals = 'SIGTERM') {
  server.child.kill(signal);
  return server.finished;
}

beforeEach(async () => {
  folder = tempFolder();
  const root = tempFolder();
  for (const name of ['Tiny-Verse-2M', 'Other']) {
    cpSync(join(fixtures, 'Tiny-Verse-2M'), join(root, 'org', name), { recursive: true });
  }
  hub = await startHub(root, { tokens: { [TOKEN]: { user: 'me' } }, retryAfter: 0 });
  await serve();
});

afterEach(async () => {
  await stop();
  await hub.close();
});

async function ask<Answer>(path: string, body?: unknown, headers: Record<string, string> = {}) {
  const sent = { method: 'POST', body: JSON.stringify(body) };
  const all = { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers };
  const response = await fetch(`${address}${path}`, { ...(body !== undefined && sent), headers: all });
  return { status: response.status, answer: (await response.json()) as Answer };
}

/** The events of a job until its stream ends. */
async function follow(id: string, after = 0): Promise<{ id: number; event: string; job?: Job; phase?: string }[]> {
  const response = await fetch(`${address}/api/jobs/${id}/events`, { headers: { 'last-event-id': String(after) } });
  const text = await response.text();
  return [...text.matchAll(/data: (.*)\nid: (\d+)/g)].map(([, data = '', number]) => {
    return { ...JSON.parse(data), id: Number(number) };
  });
}

const order = (quant: readonly string[], source = 'org/Tiny-Verse-2M') => ask<Job>('/api/jobs', { source, quant });
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('a model is found, planned, converted and fetched, with the bytes that the command line writes', async () => {
  expect((await ask('/api/models?q=verse')).answer).toEqual([
    { name: 'org/Tiny-Verse-2M', downloads: 0, likes: 0, isGated: false },
  ]);
  const { answer: plan } = await ask<ModelPlan>('/api/plans', { source: 'org/Tiny-Verse-2M' });
  expect(plan).toMatchObject({ architecture: 'llama', licences: ['cc0-1.0'], warnings: [] });
  const { status, answer: job } = await order(['Q4_K_M', 'Q8_0']);
  expect(status).toBe(201);
  const events = await follow(job.id);
  expect(events.at(-1)?.job?.state).toBe('done');
  expect(events.flatMap(({ phase }) => phase ?? [])).toEqual(['open', 'plan', 'fill', 'flush']);
  expect(JSON.stringify(events)).not.toContain(folder);
  const { answer: done } = await ask<Job>(`/api/jobs/${job.id}`);
  for (const { name, type, size } of done.files) {
    const response = await fetch(`${address}/api/jobs/${job.id}/files/${name}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(response.headers.get('content-disposition')).toContain('attachment');
    expect({ size, sha256: sha256(bytes) }).toEqual({
      size: record(type ?? '').size,
      sha256: record(type ?? '').sha256,
    });
    expect(plan.types.find((own) => own.type === type)?.size).toBe(size);
  }
  expect(done.files.map(({ type }) => type)).toEqual(['Q4_K_M', 'Q8_0']);
  const part = await fetch(`${address}/api/jobs/${job.id}/files/${done.files[0]?.name}`, {
    headers: { range: 'bytes=0-3' },
  });
  expect([part.status, await part.text()]).toEqual([206, 'GGUF']);
  // The same again is there already; its stream says that nothing more comes.
  expect(await order(['q8_0', 'Q4_K_M'].map((name) => name.toUpperCase()))).toMatchObject({
    ...{ status: 200, answer: { id: job.id, state: 'done' } },
  });
  const last = events.at(-1)?.id ?? 0;
  const again = await fetch(`${address}/api/jobs/${job.id}/events`, { headers: { 'last-event-id': `${last}` } });
  expect(again.status).toBe(204);
});

test('files are published with the token of the machine, which nobody else may use', async () => {
  const source = 'org/Tiny-Verse-2M';
  const publish = { to: 'me/Verse-GGUF', private: true };
  const { answer: job } = await ask<Job>('/api/jobs', { source, quant: ['Q8_0'], publish });
  const events = await follow(job.id);
  expect(events.at(-1)?.job).toMatchObject({
    ...{ state: 'done', publish, url: `${hub.endpoint}/me/Verse-GGUF`, failure: null },
    files: [{ name: 'Tiny-Verse-2M-Q8_0.gguf', type: 'Q8_0', size: record('Q8_0').size }],
  });
  const files = await filesOf(hub, 'me/Verse-GGUF');
  expect([...files.keys()]).toEqual(['README.md', 'Tiny-Verse-2M-Q8_0.gguf', 'hf2gguf.json']);
  expect(hub.world.access['me/Verse-GGUF']?.private).toBe(true);
  expect(JSON.stringify(events)).not.toContain(TOKEN.slice(3));
  expect((await ask('/api/jobs', { source, quant: ['Q8_0'], publish: { to: '../x', private: true } })).status).toBe(
    400,
  );
  await stop();
  await serve('--auth', 'token');
  const { cookie } = await logIn();
  expect((await ask('/api/jobs', { source, quant: ['Q4_0'], publish }, { cookie })).status).toBe(403);
});

test('files are measured where that is asked for, and published with their figures without being made again', async () => {
  const asked = { source: 'org/Tiny-Verse-2M', quant: ['Q4_0', 'Q8_0'], check: true };
  const { answer: plan } = await ask<ModelPlan>('/api/plans', { source: asked.source });
  expect(plan.checkSeconds).toBeGreaterThan(0);
  expect(plan.url).toBe(`${hub.endpoint}/org/Tiny-Verse-2M/tree/${plan.commit}`);
  const { answer: job } = await ask<Job>('/api/jobs', asked);
  const events = await follow(job.id);
  expect(events.flatMap(({ phase }) => phase ?? [])).toEqual(['open', 'plan', 'fill', 'flush', 'check']);
  expect(JSON.stringify(events)).not.toContain(folder);
  const done = events.at(-1)?.job;
  const { models = [], plot = '' } = done?.quality ?? {};
  expect(models.map(({ type }) => type)).toEqual(['Q4_0', 'Q8_0']);
  const [small, large] = models.map(({ kld }) => kld.value) as [number, number];
  expect(large).toBeGreaterThan(0);
  expect(small).toBeGreaterThan(large);
  const picture = await fetch(`${address}/api/jobs/${job.id}/files/${plot}`);
  expect(await picture.text()).toMatch(/^<svg .*Q4_0.*<\/svg>\s*$/s);
  expect(picture.headers.get('content-type')).toBe('image/svg+xml');
  expect(picture.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src[^;]*;.*sandbox$/);

  const publish = { to: 'me/Verse-GGUF', private: false };
  const { answer: order } = await ask<Job>('/api/jobs', { ...asked, publish });
  const published = await follow(order.id);
  expect(published.at(-1)?.job).toMatchObject({ state: 'done', quality: done?.quality, files: done?.files });
  expect(published.flatMap(({ phase }) => phase ?? [])).not.toContain('fill');
  const files = await filesOf(hub, 'me/Verse-GGUF');
  for (const type of asked.quant) {
    expect(sha256(files.get(`Tiny-Verse-2M-${type}.gguf`) ?? Buffer.of())).toBe(record(type).sha256);
  }
  expect(`${files.get('README.md')}`).toContain(`${models[0]?.kld.value.toFixed(5)} ±`);
  expect(JSON.parse(`${files.get('hf2gguf.json')}`).check).toMatchObject({ text: null, ctx: 512 });
});

test('a stopped server gives its job back, and the next one goes on with it; streams go on where they were', async () => {
  hub.placed = new PlacedFaults([{ fault: 'stall', from: 30, lasting: true }]);
  const { answer: job } = await order(['Q8_0']);
  const first = await fetch(`${address}/api/jobs/${job.id}/events`);
  const reader = first.body?.pipeThrough(new TextDecoderStream()).getReader();
  let seen = '';
  while (!seen.includes('"running"')) {
    seen += (await reader?.read())?.value ?? '';
  }
  await stop();
  hub.placed = null;
  await serve();
  const last = Number(/id: (\d+)\n\n$/.exec(seen)?.[1]);
  const events = await follow(job.id, last);
  expect(events.at(-1)?.job?.state).toBe('done');
  expect(events.every(({ id }) => id > last)).toBe(true);
  expect(readdirSync(join(folder, 'data/jobs', job.id))).toEqual(['Tiny-Verse-2M-Q8_0.gguf']);
});

test('a job is cancelled, and nothing of it stays', async () => {
  await stop();
  await serve('--workers', '0');
  const { answer: job } = await order(['Q8_0']);
  const { answer: next } = await order(['Q8_0'], 'org/Other');
  expect([job.place, next.place]).toEqual([0, 1]);
  await ask(`/api/jobs/${next.id}/cancel`, {});
  expect((await ask<Job>(`/api/jobs/${next.id}`)).answer.state).toBe('cancelled');
  hub.placed = new PlacedFaults([{ fault: 'stall', from: 0, lasting: true }]);
  const worker = start(['worker', '--data', join(folder, 'data')], environment(), folder);
  while ((await ask<Job>(`/api/jobs/${job.id}`)).answer.state !== 'running') {
    await sleep(20);
  }
  await ask(`/api/jobs/${job.id}/cancel`, {});
  expect((await follow(job.id)).at(-1)?.job?.state).toBe('cancelled');
  expect(existsSync(join(folder, 'data/jobs', job.id))).toBe(false);
  worker.child.kill('SIGTERM');
  await worker.finished;
});

test('what cannot be converted is said in words, before and after the job begins', async () => {
  expect(await ask('/api/plans', { source: 'org/none' })).toMatchObject({
    ...{ status: 502, answer: { what: expect.stringContaining('org/none'), next: expect.any(String) } },
  });
  expect(await order(['Q9_Z'])).toMatchObject({ status: 400, answer: { what: 'Q9_Z is no type.' } });
  hub.placed = new PlacedFaults([{ fault: 'flipped', from: 20, lasting: true }]);
  const { answer: job } = await order(['Q8_0']);
  const failed = (await follow(job.id)).at(-1)?.job;
  expect(failed).toMatchObject({ state: 'failed', failure: { what: expect.any(String), next: expect.any(String) } });
  expect(existsSync(join(folder, 'data/jobs', job.id))).toBe(false);
});

/** Sources that are no names on the Hub: paths, addresses, other kinds of repositories. */
const NO_SOURCES = [
  ...['/etc/passwd', './x', '../x/y', '~/x', 'org', 'org/', 'a/b/c', 'org/../x', 'file:///etc/passwd', 'C:\\x\\y'],
  ...[
    'http://169.254.169.254/latest',
    'https://127.0.0.1/org/model',
    'hf://org/model',
    '//evil.example/x',
    'org/model:x',
  ],
  ...['org/model\n', 'org/model@', `${'x'.repeat(200)}/y`, 'org%2fmodel', 'org@x/y', '[::1]/x', '0x7f.1/x:80', ''],
];

test('only names on the Hub are sources', async () => {
  mkdirSync(join(folder, 'org/Tiny-Verse-2M'), { recursive: true });
  const before = hub.seen.length;
  for (const source of NO_SOURCES) {
    expect({ source, status: (await ask('/api/plans', { source })).status }).toEqual({ source, status: 400 });
    expect({ source, status: (await order(['Q8_0'], source)).status }).toEqual({ source, status: 400 });
  }
  expect(hub.seen.length).toBe(before);
  // A folder of that name on this machine is not meant.
  expect((await ask('/api/plans', { source: 'org/Tiny-Verse-2M' })).status).toBe(200);
});

/** A request with a header `Host` of one's own, which `fetch` does not send. */
function withHost(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(address);
    request({ hostname, port, path: '/api/jobs', headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
}

test('other pages may neither ask nor order', async () => {
  for (const headers of [
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]) {
    const { status } = await ask('/api/jobs', { source: 'org/Tiny-Verse-2M', quant: ['Q8_0'] }, headers);
    expect({ headers, status }).toEqual({ headers, status: 403 });
  }
  const text = { method: 'POST', body: '{"source":"org/Tiny-Verse-2M","quant":["Q8_0"]}' };
  expect((await fetch(`${address}/api/jobs`, text)).status).toBe(415);
  expect(await withHost('evil.example')).toBe(403);
  expect(await withHost('localhost:1')).toBe(200);
  expect((await ask<Job[]>('/api/jobs')).answer).toEqual([]);
  const { headers } = await fetch(`${address}/healthz`);
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(headers.get('access-control-allow-origin')).toBeNull();
});

test('requests are held to their limits', async () => {
  expect((await ask('/api/plans', { source: 'x'.repeat(100_000) })).status).toBe(413);
  expect((await ask('/api/plans', { source: 'org/x', more: 1 })).status).toBe(400);
  expect((await ask('/api/jobs', { source: 'org/x', quant: [] })).status).toBe(400);
  expect((await ask('/api/jobs', [])).status).toBe(400);
  for (const path of [
    '/api/jobs/none',
    '/api/jobs/none/events',
    '/api/jobs/none/files/x',
    '/../package.json',
    '/%2e%2e/x',
  ]) {
    expect({ path, status: (await ask(path)).status }).toEqual({ path, status: 404 });
  }
});

test('figures for Prometheus, and a log of requests that names no model', async () => {
  const { answer: job } = await order(['Q8_0']);
  await follow(job.id);
  const text = await (await fetch(`${address}/metrics`)).text();
  expect(text).toContain('hf2gguf_jobs{state="done"} 1');
  expect(text).toMatch(/hf2gguf_http_seconds_count\{method="POST",route="\/api\/jobs",status="201"\} 1/);
  const { err } = await stop();
  const lines = err.split('\n').filter((line) => line.startsWith('{'));
  expect(lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ method: 'POST', route: '/api/jobs', status: 201 }),
  );
  expect(err).not.toMatch(/Tiny-Verse|hf_/);
});

test('the interface describes itself', async () => {
  const { answer } = await ask<{ openapi: string; paths: Record<string, Record<string, object>> }>('/openapi.json');
  expect(answer.openapi).toBe('3.1.0');
  expect(Object.keys(answer.paths)).toContain('/api/jobs/{id}/events');
  expect(answer.paths['/api/jobs']?.post).toMatchObject({
    requestBody: {
      content: { 'application/json': { schema: { type: 'object', required: ['source', 'quant'] } } },
    },
  });
});

/** Logs in; gives the header that later requests have. */
async function logIn(token = LOGIN): Promise<{ status: number; cookie: string }> {
  const response = await fetch(`${address}/api/session`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) },
  });
  const set = response.headers.get('set-cookie') ?? '';
  expect(set).toMatch(response.ok ? /; HttpOnly.*; SameSite=Strict/ : /^$/);
  return { status: response.status, cookie: set.split(';')[0] ?? '' };
}

/** A cookie with one more letter in its name, whose signature is that of the other. */
const forged = (cookie: string) => cookie.replace('=', '=0');

test('with a log-in, each user sees what is their own, without and with a wrong session nothing', async () => {
  await stop();
  await serve('--auth', 'token');
  const [{ cookie: ann }, { cookie: bob }] = [await logIn(), await logIn()];
  expect(await logIn('a token that somebody guessed')).toEqual({ status: 401, cookie: '' });
  const { answer: job } = await ask<Job>(
    '/api/jobs',
    { source: 'org/Tiny-Verse-2M', quant: ['Q8_0'] },
    { cookie: ann },
  );
  const url = `/api/jobs/${job.id}`;
  let name = '';
  while (name === '') {
    name = (await ask<Job>(url, undefined, { cookie: ann })).answer.files[0]?.name ?? '';
  }
  const routes: readonly (readonly [path: string, body?: object])[] = [
    ...([['/api/models?q=x'], ['/api/plans', { source: 'org/Tiny-Verse-2M' }], ['/api/jobs']] as const),
    ...([['/api/jobs', { source: 'org/Tiny-Verse-2M', quant: ['Q8_0'] }], [url], [`${url}/cancel`, {}]] as const),
    ...([[`${url}/events`], [`${url}/files/${name}`]] as const),
  ];
  for (const [path, body] of routes) {
    for (const headers of [{}, { cookie: forged(ann) }, { cookie: 'hf2gguf_session=local' }]) {
      const { status } = await ask(path, body, headers);
      expect({ path, headers, status }).toEqual({ path, headers, status: 401 });
    }
  }
  for (const [path, body] of routes.filter(([own]) => own.startsWith(url))) {
    expect({ path, status: (await ask(path, body, { cookie: bob })).status }).toEqual({ path, status: 404 });
  }
  expect((await ask<Job[]>('/api/jobs', undefined, { cookie: bob })).answer).toEqual([]);
  // Who orders the same gets the same job, and with it its files.
  const order = { source: 'org/Tiny-Verse-2M', quant: ['Q8_0'] };
  expect(await ask('/api/jobs', order, { cookie: bob })).toMatchObject({ status: 200, answer: { id: job.id } });
  // Log-ins outlive the server.
  await stop();
  await serve('--auth', 'token');
  expect((await ask<Job[]>('/api/jobs', undefined, { cookie: ann })).answer).toHaveLength(1);
});

test('a model is planned once for all who ask at the same time', async () => {
  const asked = Array.from({ length: 20 }, () => ask<ModelPlan>('/api/plans', { source: 'org/Other' }));
  expect(new Set((await Promise.all(asked)).map(({ answer }) => JSON.stringify(answer))).size).toBe(1);
  const configs = hub.seen.filter(({ path }) => path.includes('/config.json') && path.includes('resolve-cache'));
  expect(configs).toHaveLength(1);
});

test('users who log in do not read with the token of the machine', async () => {
  hub.world.access['org/Other'] = { private: true, members: ['me'] };
  expect((await ask('/api/plans', { source: 'org/Other' })).status).toBe(200);
  await stop();
  await serve('--auth', 'token');
  const { cookie } = await logIn();
  const before = hub.seen.length;
  expect((await ask('/api/plans', { source: 'org/Other' }, { cookie })).status).toBe(502);
  const { answer } = await ask<Job>('/api/jobs', { source: 'org/Tiny-Verse-2M', quant: ['Q8_0'] }, { cookie });
  while ((await ask<Job>(`/api/jobs/${answer.id}`, undefined, { cookie })).answer.state !== 'done') {
    await sleep(50);
  }
  expect(hub.seen.slice(before).filter(({ authorization }) => authorization !== null)).toEqual([]);
});

test('a server for others is refused without a log-in', async () => {
  const { code, err } = await start(['serve', '--host', '0.0.0.0', '--port', '0'], environment(), folder).finished;
  expect([code, err]).toEqual([2, expect.stringMatching(/needs a log-in.*--auth token/)]);
  const short = { ...environment(), HF2GGUF_SERVE_TOKEN: 'short' };
  const weak = await start(['serve', '--auth', 'token', '--port', '0'], short, folder).finished;
  expect([weak.code, weak.err]).toEqual([2, expect.stringMatching(/has 5 characters/)]);
});

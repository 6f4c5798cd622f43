import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job, ModelPlan, Session } from '#src/server/api.js';
import { SqliteQueue } from '#src/server/queue/sqlite-queue.js';
import { type Started, start } from '../cli/run.js';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { filesOf } from '../publish/kit.js';
import { tempFolder } from '../temp.js';
import { type Account, ANN, BOB, logInAtHub, until } from './kit.js';

/** The token of whoever runs the server, which is nobody else's. */
const MACHINE = 'hf_MachineTokenOfTheTests0123456789';
const [OPEN, PRIVATE, GATED] = ['org/Tiny-Verse-2M', 'ann/Private', 'org/Gated'];

let hub: LoopbackHub;
let home: string;
let folder: string;
let server: Started;
let address: string;
let log: string;

beforeEach(async () => {
  [folder, home, log] = [tempFolder(), tempFolder(), ''];
  const root = tempFolder();
  for (const name of [OPEN, PRIVATE, GATED]) {
    cpSync(join(fixtures, 'Tiny-Verse-2M'), join(root, name), { recursive: true });
  }
  const users = { [ANN.token]: { user: 'ann' }, [BOB.token]: { user: 'bob' }, [MACHINE]: { user: 'me' } };
  const access = {
    [PRIVATE]: { private: true, members: ['ann', 'me'] },
    [GATED]: { gated: true, members: ['ann', 'me'] },
  };
  hub = await startHub(root, { tokens: users, access, retryAfter: 0 });
});

afterEach(async () => {
  await stop();
  await hub.close();
});

async function serve(...args: readonly string[]): Promise<void> {
  const { clientId, clientSecret } = hub.world.oauth;
  server = start(['serve', '--auth', 'huggingface', '--port', '0', '--data', join(folder, 'data'), ...args], {
    ...{ HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '0', HF_TOKEN: MACHINE, HF_HOME: home },
    ...{ OAUTH_CLIENT_ID: clientId, OAUTH_CLIENT_SECRET: clientSecret },
  });
  let out = '';
  server.child.stdout?.on('data', (piece) => {
    out += piece;
  });
  await server.seen(/Listening at \S+/);
  address = /http:\S+(?=\/)/.exec(out)?.[0] ?? '';
}

async function stop(): Promise<void> {
  server.child.kill('SIGTERM');
  const { out, err } = await server.finished;
  log += out + err;
}

async function ask<Answer>(path: string, cookie: string, body?: unknown) {
  const sent = { method: 'POST', body: JSON.stringify(body) };
  const headers = { cookie, ...(body !== undefined && { 'content-type': 'application/json' }) };
  const response = await fetch(`${address}${path}`, { ...(body !== undefined && sent), headers });
  return { status: response.status, answer: (await response.json()) as Answer };
}

const logIn = (account: Account) => logInAtHub(address, hub, account);
const session = async (cookie: string) => (await ask<Session>('/api/session', cookie)).answer;
const plan = (cookie: string, source: string) => ask<ModelPlan>('/api/plans', cookie, { source });
const order = (cookie: string, source: string, more: object = {}) => {
  return ask<Job>('/api/jobs', cookie, { source, quant: ['Q8_0'], ...more });
};
const ended = async (cookie: string, id: string) => {
  const now = async () => (await ask<Job>(`/api/jobs/${id}`, cookie)).answer;
  return until(now, ({ state }) => !['queued', 'running'].includes(state));
};

function* filesIn(path: string): Generator<string> {
  for (const name of readdirSync(path)) {
    const inner = join(path, name);
    if (statSync(inner).isDirectory()) {
      yield* filesIn(inner);
    } else {
      yield inner;
    }
  }
}

/** A secret as it might stand somewhere. */
function formsOf(secret: string): Buffer[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return text.slice(4, -6);
  });
  return [secret, bytes.toString('hex'), encodeURIComponent(secret), ...base64].map((form) => Buffer.from(form));
}

test('each user reads and publishes what their own token may, and no token is anywhere in clear', async () => {
  await serve();
  expect(await session('')).toEqual({
    ...{ how: 'huggingface', isNeeded: true, isOpen: false, mayPublish: false, name: null },
  });
  const [ann, bob] = [await logIn(ANN), await logIn(BOB)];
  expect(await session(ann)).toEqual({
    ...{ how: 'huggingface', isNeeded: true, isOpen: true, mayPublish: true, name: 'ann' },
  });
  const tokensSeen = (from: number) => new Set(hub.seen.slice(from).map(({ authorization }) => authorization));

  // What everybody may read is read by nobody's token, and made once.
  let before = hub.seen.length;
  const shared = await order(ann, OPEN);
  expect((await ended(ann, shared.answer.id)).state).toBe('done');
  expect((await order(bob, OPEN)).answer.id).toBe(shared.answer.id);
  expect(tokensSeen(before)).toEqual(new Set([null]));

  for (const source of [PRIVATE, GATED]) {
    before = hub.seen.length;
    expect([source, (await plan(ann, source)).status]).toEqual([source, 200]);
    expect([source, (await plan(bob, source)).status, (await order(bob, source)).status]).toEqual([source, 502, 502]);
    const { status, answer } = await order(ann, source);
    expect([source, status, (await ended(ann, answer.id)).state]).toEqual([source, 201, 'done']);
    expect((await ask(`/api/jobs/${answer.id}`, bob)).status).toBe(404);
    expect(tokensSeen(before)).toEqual(new Set([null, `Bearer ${ANN.token}`, `Bearer ${BOB.token}`]));
  }
  // Two users who may both read it share neither plan nor job.
  hub.world.access[GATED] = { gated: true, members: ['ann', 'bob'] };
  const [his, hers] = [await order(bob, GATED), await order(ann, GATED)];
  expect([his.status, hers.status, his.answer.id === hers.answer.id]).toEqual([201, 200, false]);

  const publish = { to: 'ann/Verse-GGUF', private: true };
  const published = await order(ann, OPEN, { publish });
  expect(await ended(ann, published.answer.id)).toMatchObject({ state: 'done', url: `${hub.endpoint}/ann/Verse-GGUF` });
  expect([...(await filesOf(hub, 'ann/Verse-GGUF')).keys()]).toContain('Tiny-Verse-2M-Q8_0.gguf');
  const refused = await order(bob, OPEN, { publish: { to: 'ann/Another', private: true } });
  const failed = await ended(bob, refused.answer.id);
  expect(failed.state).toBe('failed');

  const shown = [
    JSON.stringify([published, refused, failed, await plan(bob, PRIVATE), await session(ann)]),
    await (await fetch(`${address}/metrics`)).text(),
    await (await fetch(`${address}/api/jobs/${published.answer.id}/events`, { headers: { cookie: ann } })).text(),
    await (await fetch(`${address}/api/jobs/${refused.answer.id}/events`, { headers: { cookie: bob } })).text(),
    ...[ann, bob],
  ];
  const whileItRuns = [...filesIn(join(folder, 'data'))].map((path) => [path, readFileSync(path)] as const);
  await stop();
  const texts: readonly (readonly [string, Buffer])[] = [
    ...whileItRuns,
    ...[...filesIn(join(folder, 'data'))].map((path) => [path, readFileSync(path)] as const),
    ...shown.map((text, i) => [`shown ${i}`, Buffer.from(text)] as const),
    ['the log', Buffer.from(log)],
  ];
  expect(texts.filter(([path]) => path.includes('/tokens/'))).toHaveLength(4);
  expect(texts.some(([path, bytes]) => path.includes('queue.db') && bytes.includes('hf:id-of-ann'))).toBe(true);
  const secrets = [ANN.token, BOB.token, MACHINE, hub.world.oauth.clientSecret];
  const found = texts.filter(([, bytes]) => secrets.flatMap(formsOf).some((form) => bytes.includes(form)));
  expect(found.map(([path]) => path)).toEqual([]);
});

test('who logs out leaves no token, and what waits for it ends with that word', async () => {
  await serve('--workers', '0');
  const ann = await logIn(ANN);
  const { answer: job } = await order(ann, PRIVATE);
  expect(job.state).toBe('queued');
  expect(await ask('/api/session/end', ann, {})).toMatchObject({ status: 200, answer: { isOpen: false } });
  expect(readdirSync(join(folder, 'data/tokens'))).toEqual([]);
  expect((await ask('/api/jobs', ann)).status).toBe(401);
  await stop();
  await serve();
  const queue = new SqliteQueue(join(folder, 'data/queue.db'));
  const waiting = await until(
    () => queue.get(job.id),
    (found) => found?.state === 'failed',
  );
  await queue.close();
  expect(waiting?.failure).toEqual({
    ...{ what: 'The log-in is over that this needs.', next: 'Log in again, then start it again.' },
  });
  expect((await order(await logIn(ANN), PRIVATE)).status).toBe(201);
});

test('without a secret file the tokens end with the server, with one they do not', async () => {
  await serve('--workers', '0');
  const ann = await logIn(ANN);
  const { answer: job } = await order(ann, PRIVATE);
  await stop();
  await serve();
  expect(await ask('/api/jobs', ann)).toMatchObject({ status: 401, answer: { next: expect.stringMatching(/Log in/) } });
  // A worker without the key has no token for it.
  const bob = await logIn(BOB);
  expect((await ended(bob, (await order(bob, OPEN)).answer.id)).state).toBe('done');
  const now = await logIn(ANN);
  expect(await ended(now, job.id)).toMatchObject({
    ...{ state: 'failed', failure: { what: 'The log-in is over that this needs.' } },
  });
  await stop();

  const secret = join(folder, 'secret');
  writeFileSync(secret, Buffer.alloc(40, 5), { mode: 0o600 });
  await serve('--workers', '0', '--secret-file', secret);
  const kept = await logIn(ANN);
  const { answer: next } = await order(kept, PRIVATE);
  await stop();
  await serve('--workers', '0', '--secret-file', secret);
  expect((await ask('/api/jobs', kept)).status).toBe(200);
  const args = ['worker', '--data', join(folder, 'data'), '--secret-file', secret];
  const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '0', HF_HOME: home };
  const worker = start(args, env);
  expect((await ended(kept, next.id)).state).toBe('done');
  worker.child.kill('SIGTERM');
  await worker.finished;
});

test('a token that the Hub takes back ends the log-in in words', async () => {
  await serve();
  const ann = await logIn(ANN);
  delete hub.world.tokens[ANN.token];
  expect(await plan(ann, PRIVATE)).toMatchObject({
    status: 401,
    answer: { next: expect.stringMatching(/Log in again/) },
  });
});

test('what this machine’s cache holds is not for those who may not read it at the Hub', async () => {
  const sha = (await hub.repos.commit(GATED, 'main'))?.sha ?? '';
  const cached = join(home, 'hub', `models--${GATED.replace('/', '--')}`, 'snapshots', sha);
  cpSync(join(fixtures, 'Tiny-Verse-2M'), cached, { recursive: true });
  await serve();
  const bob = await logIn(BOB);
  expect((await plan(bob, GATED)).status).toBe(502);
  expect((await order(bob, GATED)).status).toBe(502);
  await stop();
  const alone = start(['serve', '--port', '0', '--data', join(folder, 'other')], {
    ...{ HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '0', HF_HOME: home },
  });
  let out = '';
  alone.child.stdout?.on('data', (piece) => {
    out += piece;
  });
  await alone.seen(/Listening at/);
  address = /http:\S+(?=\/)/.exec(out)?.[0] ?? '';
  // Its own user has it.
  expect((await plan('', GATED)).status).toBe(200);
  alone.child.kill('SIGTERM');
  await alone.finished;
});

test('what log-ins with Hugging Face lack is said before anything is served', async () => {
  await serve();
  const begin = async (args: readonly string[], env: NodeJS.ProcessEnv) => {
    const all = ['serve', '--auth', 'huggingface', '--port', '0', '--data', join(folder, 'none'), ...args];
    const { code, err } = await start(all, env).finished;
    return [code, err];
  };
  const app = { OAUTH_CLIENT_ID: 'x' };
  expect(await begin([], {})).toEqual([2, expect.stringMatching(/OAUTH_CLIENT_ID is not set/)]);
  expect(await begin(['--host', '0.0.0.0'], app)).toEqual([2, expect.stringMatching(/Give --public-url/)]);
  expect(await begin(['--public-url', 'x'], app)).toEqual([2, expect.stringMatching(/--public-url is no http/)]);
  const secret = join(folder, 'weak');
  writeFileSync(secret, Buffer.alloc(40, 5), { mode: 0o644 });
  expect(await begin(['--secret-file', secret], app)).toEqual([2, expect.stringMatching(/chmod 600/)]);
});

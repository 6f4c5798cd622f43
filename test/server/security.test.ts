import { createHmac } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { Job } from '#src/server/api.js';
import type { LogIn } from '#src/server/users/sessions.js';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import {
  ANN,
  BOB,
  cookieOf,
  logInAtHub,
  type OpenServer,
  openServer,
  type Setup,
  SHARED,
  stepsOfLogIn,
  until,
} from './kit.js';

let hub: LoopbackHub;
const servers: OpenServer[] = [];

beforeEach(async () => {
  const root = tempFolder();
  cpSync(join(fixtures, 'Tiny-Verse-2M'), join(root, 'org/Tiny-Verse-2M'), { recursive: true });
  hub = await startHub(root, { tokens: { [ANN.token]: { user: 'ann' }, [BOB.token]: { user: 'bob' } }, retryAfter: 0 });
});

afterEach(async () => {
  jest.restoreAllMocks();
  for (const server of servers.splice(0)) {
    await server.close();
  }
  await hub.close();
});

async function open(setup?: Setup): Promise<OpenServer> {
  const server = await openServer(hub, setup);
  servers.push(server);
  return server;
}

interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(server: OpenServer, path: string, { method = 'GET', body, headers = {} }: Asked = {}) {
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(`${server.address}${path}`, {
    ...{ method, redirect: 'manual', headers: { ...json, ...headers } },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

const ORDER = { source: 'org/Tiny-Verse-2M', quant: ['Q8_0'] };

/** A job of somebody that is done, with its file. */
async function doneJob(server: OpenServer, cookie: string, bytes = 100): Promise<{ id: string; name: string }> {
  const { text } = await ask(server, '/api/jobs', { method: 'POST', body: ORDER, headers: { cookie } });
  const { id } = JSON.parse(text) as Job;
  const name = 'Tiny-Verse-2M-Q8_0.gguf';
  await server.queue.claim('w', 60_000, { room: 1e12 });
  mkdirSync(join(server.jobs, id), { recursive: true });
  writeFileSync(join(server.jobs, id, name), 'GGUF');
  truncateSync(join(server.jobs, id, name), bytes);
  const files = [{ name, type: 'Q8_0', size: bytes }];
  await server.queue.finish(id, 'w', { state: 'done', files, quality: null, url: null });
  return { id, name };
}

/** What a route needs of whoever asks: nothing, a log-in, or a job of one's own. */
type Kind = 'open' | 'user' | 'owner';

interface Row {
  readonly kind: Kind;
  readonly path: string;
  readonly body?: unknown;
}

/** Every route, by its name in the app. */
const routesFor = (id: string, name: string): Readonly<Record<string, Row>> => ({
  'GET /healthz': { kind: 'open', path: '/healthz' },
  'GET /metrics': { kind: 'open', path: '/metrics' },
  'GET /openapi.json': { kind: 'open', path: '/openapi.json' },
  'GET /api/session': { kind: 'open', path: '/api/session' },
  'POST /api/session': { kind: 'user', path: '/api/session', body: { token: 'x' } },
  'POST /api/session/end': { kind: 'open', path: '/api/session/end', body: {} },
  'GET /login': { kind: 'open', path: '/login' },
  'GET /login/callback': { kind: 'open', path: '/login/callback?code=x&state=y' },
  'GET /api/models': { kind: 'user', path: '/api/models?q=x' },
  'POST /api/plans': { kind: 'user', path: '/api/plans', body: { source: ORDER.source } },
  'POST /api/jobs': { kind: 'user', path: '/api/jobs', body: ORDER },
  'GET /api/jobs': { kind: 'user', path: '/api/jobs' },
  'GET /api/jobs/:id': { kind: 'owner', path: `/api/jobs/${id}` },
  'POST /api/jobs/:id/cancel': { kind: 'owner', path: `/api/jobs/${id}/cancel`, body: {} },
  'GET /api/jobs/:id/events': { kind: 'owner', path: `/api/jobs/${id}/events` },
  'GET /api/jobs/:id/files/:name': { kind: 'owner', path: `/api/jobs/${id}/files/${name}` },
  'GET /:name{[a-z-]*\\.?(?:html|js|css|svg)?}': { kind: 'open', path: '/main.js' },
});

const askRow = (server: OpenServer, key: string, { path, body }: Row, cookie: string) => {
  return ask(server, path, { method: key.split(' ')[0] ?? '', body, headers: cookie === '' ? {} : { cookie } });
};

const flipped = (cookie: string, at: number) => {
  const letters = [...cookie];
  letters[at] = letters[at] === 'A' ? 'B' : 'A';
  return letters.join('');
};

/** A cookie that says what another one says about somebody else, with the signature that it has. */
function ofAnother(cookie: string, user: string): string {
  const [, name = '', text = '', signature = ''] = /^([^=]+)=([^.]+)\.(.*)$/.exec(cookie) ?? [];
  const content = JSON.parse(Buffer.from(text, 'base64url').toString());
  return `${name}=${Buffer.from(JSON.stringify({ ...content, user })).toString('base64url')}.${signature}`;
}

test('every route is closed to whoever has no session, a wrong one, or that of somebody else', async () => {
  const server = await open();
  const ann = await logInAtHub(server.address, hub, ANN);
  const { id, name } = await doneJob(server, ann);
  const rows = routesFor(id, name);
  const routes = server.app.routes.filter(({ method }) => method !== 'ALL');
  expect(routes.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(Object.keys(rows).sort());

  const other = await open();
  const elsewhere = await logInAtHub(other.address, hub, ANN);
  const gone = await logInAtHub(server.address, hub, { ...BOB, sub: 'id-of-eve' });
  await ask(server, '/api/session/end', { method: 'POST', body: {}, headers: { cookie: gone } });
  const { cookie: begun } = await stepsOfLogIn(server.address, hub, ANN);
  const value = begun.slice(begun.indexOf('=') + 1);
  const unsigned = Buffer.from(JSON.stringify({ user: 'hf:id-of-ann', name: 'ann', until: 1e15 })).toString(
    'base64url',
  );
  const made = createHmac('sha256', 'a guess').update(unsigned).digest('base64');
  const wrong: Readonly<Record<string, string>> = {
    none: '',
    empty: 'hf2gguf_session=',
    'a name alone': 'hf2gguf_session=hf:id-of-ann',
    'without a signature': `hf2gguf_session=${unsigned}`,
    'signed with another key': `hf2gguf_session=${unsigned}.${encodeURIComponent(made)}`,
    'another signature': flipped(ann, ann.length - 10),
    'another content': flipped(ann, ann.indexOf('=') + 20),
    'another user': ofAnother(ann, 'hf:id-of-bob'),
    'another server': elsewhere,
    'a log-in that has only begun': `hf2gguf_session=${value}`,
    'logged out': gone,
  };
  for (const [what, cookie] of Object.entries(wrong)) {
    for (const [key, row] of Object.entries(rows).filter(([, { kind }]) => kind !== 'open')) {
      expect({ what, key, status: (await askRow(server, key, row, cookie)).status }).toEqual({
        what,
        key,
        status: 401,
      });
    }
    const { text } = await ask(server, '/api/session', { headers: { cookie } });
    expect(JSON.parse(text)).toEqual({
      how: 'huggingface',
      isNeeded: true,
      isOpen: false,
      mayPublish: false,
      name: null,
    });
  }
  const bob = await logInAtHub(server.address, hub, BOB);
  for (const [key, row] of Object.entries(rows).filter(([, { kind }]) => kind === 'owner')) {
    expect({ key, status: (await askRow(server, key, row, bob)).status }).toEqual({ key, status: 404 });
    expect({ key, status: (await askRow(server, key, row, ann)).status }).toEqual({ key, status: expect.any(Number) });
  }
  expect((await ask(server, '/api/jobs', { headers: { cookie: bob } })).text).toBe('[]');
  // What was asked for in vain has changed nothing.
  expect(JSON.parse((await ask(server, `/api/jobs/${id}`, { headers: { cookie: ann } })).text).state).toBe('done');

  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 9 * 60 * 60 * 1000);
  expect((await ask(server, '/api/jobs', { headers: { cookie: ann } })).status).toBe(401);
});

test('another way to log in, or another token, ends the sessions of before', async () => {
  const folder = tempFolder();
  const begin = async (server: OpenServer) => {
    const response = await fetch(`${server.address}/api/session`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token: SHARED }) },
    });
    return cookieOf(response);
  };
  const shared = await open({ how: 'token', folder });
  const cookie = await begin(shared);
  const status = async (how: LogIn['how'], shared = SHARED) => {
    return (await ask(await open({ how, folder, shared }), '/api/jobs', { headers: { cookie } })).status;
  };
  expect([await status('token'), await status('huggingface')]).toEqual([200, 401]);
  expect(await status('token', 'what users log in with from now on')).toBe(401);
});

test('a log-in ends in the browser that began it, once, and not with somebody else’s answer', async () => {
  const server = await open();
  const { begun, back, cookie } = await stepsOfLogIn(server.address, hub, ANN);
  expect(begun.headers.get('set-cookie')).toMatch(/Path=\/login; HttpOnly; SameSite=Lax/);
  const end = async (url: string, headers: Record<string, string>) => {
    const response = await fetch(url, { redirect: 'manual', headers });
    return [response.status, cookieOf(response)];
  };
  // Whoever has a victim's browser open the answer of a log-in that they began themselves gets no session into it.
  expect(await end(back, {})).toEqual([403, '']);
  const victim = await stepsOfLogIn(server.address, hub, BOB);
  expect(await end(back, { cookie: victim.cookie })).toEqual([403, '']);
  expect(await end(back.replace(/state=[^&]*/, 'state='), { cookie })).toEqual([403, '']);
  expect(await end(back, { cookie: flipped(cookie, 30) })).toEqual([403, '']);
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 11 * 60 * 1000);
  expect(await end(back, { cookie })).toEqual([403, '']);
  jest.restoreAllMocks();
  hub.world.oauth.account = ANN;
  const response = await fetch(back, { redirect: 'manual', headers: { cookie } });
  expect(response.headers.getSetCookie().at(-1)).toMatch(/^hf2gguf_session=.*; Path=\/; HttpOnly; SameSite=Strict$/);
  // The Hub takes a code once.
  expect(await end(back, { cookie })).toEqual([502, '']);
  const { back: no, cookie: own } = await stepsOfLogIn(server.address, hub, null);
  expect(await end(no, { cookie: own })).toEqual([302, '']);
});

test('what is secret goes to the provider alone', async () => {
  const server = await open();
  const { back, cookie } = await stepsOfLogIn(server.address, hub, ANN);
  const second = await open();
  hub.world.oauth.tokenHost = 'http://127.0.0.1:1';
  expect((await fetch(`${second.address}/login`, { redirect: 'manual' })).status).toBe(502);
  hub.world.oauth.tokenHost = '';
  hub.world.oauth.clientSecret = 'another one';
  const refused = await fetch(back, { redirect: 'manual', headers: { cookie } });
  expect([refused.status, await refused.text()]).toEqual([
    502,
    expect.stringMatching(/did not finish the log-in.*401/),
  ]);
});

/** What forms and pages of others can send. */
const FOREIGN: readonly Readonly<Record<string, string>>[] = [
  ...[
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1.evil.example' },
    { origin: '' },
  ],
  ...[{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { 'sec-fetch-site': 'nonsense' }],
];
const FORM_TYPES = [
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain',
  'text/plain; application/json',
];

test('no other page does anything with a session that its visitor has', async () => {
  const server = await open();
  const cookie = await logInAtHub(server.address, hub, ANN);
  const { id, name } = await doneJob(server, cookie);
  const posts = Object.entries(routesFor(id, name)).filter(([key]) => key.startsWith('POST'));
  for (const [key, { path, body }] of posts) {
    for (const headers of FOREIGN) {
      const { status } = await ask(server, path, { method: 'POST', body, headers: { ...headers, cookie } });
      expect({ key, headers, status }).toEqual({ key, headers, status: 403 });
    }
  }
  for (const type of FORM_TYPES) {
    const { status } = await ask(server, '/api/jobs', {
      ...{ method: 'POST', body: JSON.stringify({ source: 'org/Tiny-Verse-2M', quant: ['Q4_0'] }) },
      headers: { cookie, 'content-type': type },
    });
    expect({ type, status }).toEqual({ type, status: 415 });
  }
  for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const { status, headers } = await ask(server, '/api/jobs', { method, headers: { ...FOREIGN[0], cookie } });
    expect([method, status, headers.get('access-control-allow-origin')]).toEqual([method, 403, null]);
  }
  expect(JSON.parse((await ask(server, '/api/jobs', { headers: { cookie } })).text)).toHaveLength(1);
});

/** What is no name: paths, addresses, other spellings of both. */
const NO_NAMES = [
  ...['http://169.254.169.254/x', 'https://127.0.0.1/org/model', 'file:///etc/passwd', '//evil.example/x', 'ftp://x/y'],
  ...['user@host/model', 'org@evil/model', 'org/model?x=1', 'org/model#x', 'org/model:8080/x', '[::1]/x', 'org\\model'],
  ...['org%2fmodel', 'org/%2e%2e', '%2e%2e/x', '..%2f..%2fetc', 'org/model%00', 'org/model\u0000', 'org/model\r\nx: y'],
  ...[
    '../etc',
    './x',
    '/etc/passwd',
    'org/..',
    '../..',
    'org/.hidden',
    '.org/model',
    'org//model',
    'org/model/',
    'a/b/c',
  ],
  ...[
    'ｏrg/model',
    'org／model',
    'org/mo․del',
    'оrg/model',
    'org/model\u202e',
    'org/model ',
    ' org/model',
    'org/model\u2028',
  ],
  ...[
    'org/model@../..',
    'org/model@../../../api/whoami-v2',
    'org/model@/etc/passwd',
    'org/model@main/../x',
    'org/model@a//b',
    'org/model@',
    'org/model@..%2f',
    'org/model@x y',
    'org/model@x?y',
    'org/model@x#y',
    'org/model@\\x',
    'org/model@x:y',
  ],
  ...['local:', 'local:..', 'local:.x', 'local:a/b', 'local:../x', 'local:/etc', 'LOCAL:x', 'hf://org/model'],
  ...[`${'x'.repeat(97)}/y`, `org/${'x'.repeat(97)}`, `org/x@${'y'.repeat(101)}`, ''],
];
/** These are names as any: the Hub is asked for a model so called, or a revision, and for nothing else. */
const ONLY_NAMES = [
  ...['localhost/x', '127.0.0.1/x', '0x7f.1/x', '2130706433/x', '169.254.169.254/latest', 'evil.example/x'],
  ...['org/Tiny-Verse-2M@none', 'org/Tiny-Verse-2M@refs/pr/7', 'org/Tiny-Verse-2M@https'],
];

test('sources are names on the Hub, whatever they look like', async () => {
  const server = await open();
  const cookie = await logInAtHub(server.address, hub, ANN);
  const before = hub.seen.length;
  for (const source of NO_NAMES) {
    for (const [path, body] of [
      ['/api/plans', { source }],
      ['/api/jobs', { source, quant: ['Q8_0'] }],
      ['/api/jobs', { ...ORDER, publish: { to: source, private: true } }],
    ] as const) {
      const { status } = await ask(server, path, { method: 'POST', body, headers: { cookie } });
      expect({ source, path, status }).toEqual({ source, path, status: 400 });
    }
  }
  expect(hub.seen.length).toBe(before);
  for (const source of ONLY_NAMES) {
    const { status } = await ask(server, '/api/plans', { method: 'POST', body: { source }, headers: { cookie } });
    expect({ source, isRefused: [400, 502].includes(status) }).toEqual({ source, isRefused: true });
  }
  const paths = hub.seen.slice(before).map(({ host, path }) => `${host}${path}`);
  expect(paths.length).toBeGreaterThan(0);
  expect(paths.filter((path) => !/^hub\/api\/(?:models|datasets|spaces)\//.test(path))).toEqual([]);
});

test('no client chooses where the Hub is', async () => {
  const server = await open();
  const cookie = await logInAtHub(server.address, hub, ANN);
  for (const more of [{ endpoint: 'http://evil.example' }, { token: 'x' }, { output: '/etc' }, { __proto__x: 1 }]) {
    for (const [path, body] of [
      ['/api/plans', { source: ORDER.source }],
      ['/api/jobs', ORDER],
    ] as const) {
      const asked = { method: 'POST', body: { ...body, ...more }, headers: { cookie } };
      expect([more, (await ask(server, path, asked)).status]).toEqual([more, 400]);
    }
  }
});

test('a Hub that leads into a network is not followed', async () => {
  const server = await open();
  const cookie = await logInAtHub(server.address, hub, ANN);
  hub.world.cdn = 'http://169.254.169.254/latest';
  const { status, text } = await ask(server, '/api/plans', {
    method: 'POST',
    body: { source: ORDER.source },
    headers: { cookie },
  });
  expect([status, text]).toEqual([502, expect.stringMatching(/169\.254\.169\.254 is an address inside a network/)]);
});

/** Asks with a path as it stands, which `fetch` would put in order. */
function askRaw(
  server: OpenServer,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(server.address);
  return new Promise((resolve, reject) => {
    httpRequest({ hostname, port, path, headers }, (response) => {
      let text = '';
      response.on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .once('error', reject)
      .end();
  });
}

test('no path leads out of the page’s or a job’s files', async () => {
  const server = await open();
  const cookie = await logInAtHub(server.address, hub, ANN);
  const { id, name } = await doneJob(server, cookie);
  writeFileSync(join(server.jobs, 'secret.txt'), 'secret');
  writeFileSync(join(server.jobs, id, 'note.json'), 'secret');
  const files = [
    ...['../secret.txt', '..%2fsecret.txt', '%2e%2e%2fsecret.txt', '..%5csecret.txt', '%2fetc%2fpasswd', 'note.json'],
    ...[
      '....//secret.txt',
      `${name}%00`,
      `${name}/..`,
      `.%2f${name}`,
      name.toLowerCase(),
      '',
      '%',
      '%ff',
      '%c0%ae%c0%ae%2fsecret.txt',
    ],
  ].map((path) => `/api/jobs/${id}/files/${path}`);
  const jobs = ['..', '%2e%2e', `..%2f${id}`, '%00', "x' or 1=1 --"].map((path) => `/api/jobs/${encodeURI(path)}`);
  const pages = [
    ...['/../package.json', '/%2e%2e/package.json', '/..%2fpackage.json', '/%2e%2e%2fcli%2fmain.js', '//etc/passwd'],
    ...[
      '/..\\package.json',
      '/main.js/../../cli/main.js',
      '/main.js%00.css',
      '/.js',
      '/%',
      '/cli/main.js',
      '/etc/passwd',
    ],
  ];
  for (const path of [...files, ...jobs, ...pages]) {
    const { status, text } = await askRaw(server, path, { cookie });
    expect({ path, isRefused: [400, 404].includes(status) }).toEqual({ path, isRefused: true });
    expect(text).not.toContain('secret');
  }
  expect((await askRaw(server, `/api/jobs/${id}/files/${name}`, { cookie })).status).toBe(200);
  expect((await askRaw(server, '/main.js')).status).toBe(200);
});

test('bodies and headers have limits, whatever they say of themselves', async () => {
  const server = await open();
  const cookie = await logInAtHub(server.address, hub, ANN);
  const json = { 'content-type': 'application/json', cookie };
  const large = JSON.stringify({ source: 'x'.repeat(100_000) });
  expect((await ask(server, '/api/plans', { method: 'POST', body: large, headers: json })).status).toBe(413);
  // In chunks, of which nobody knows how many there will be.
  const piece = Buffer.alloc(8192, 32);
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += piece.length;
      controller.enqueue(piece);
    },
  });
  const options: RequestInit & { duplex: 'half' } = { method: 'POST', headers: json, body: endless, duplex: 'half' };
  const answer = await fetch(`${server.address}/api/plans`, options).catch(() => null);
  expect([413, undefined]).toContain(answer?.status);
  expect(sent).toBeLessThan(2 ** 24);
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
  for (const body of [
    deep,
    `{"source":${deep}}`,
    '{"source":',
    'null',
    '"x"',
    '{"source":{"toString":1}}',
    '\ufeff{}',
  ]) {
    expect([
      body.slice(0, 20),
      (await ask(server, '/api/plans', { method: 'POST', body, headers: json })).status,
    ]).toEqual([...[body.slice(0, 20), 400]]);
  }
  const many = { ...ORDER, quant: Array.from({ length: 9 }, () => 'Q8_0') };
  expect((await ask(server, '/api/jobs', { method: 'POST', body: many, headers: json })).status).toBe(400);
  expect((await askRaw(server, '/healthz', { 'x-large': 'x'.repeat(20_000) })).status).toBe(431);
  expect((await askRaw(server, `/api/models?q=${'x'.repeat(5000)}`, { cookie })).status).toBe(400);
  for (const range of [
    'bytes=0-99999999999999999999',
    'bytes=-',
    'bytes=a-b',
    `bytes=${'0-1,'.repeat(1000)}0-1`,
    'bytes=5-1',
  ]) {
    const { id, name } = await doneJob(server, cookie);
    const { status } = await askRaw(server, `/api/jobs/${id}/files/${name}`, { cookie, range });
    expect([range.slice(0, 30), [200, 206, 416].includes(status)]).toEqual([range.slice(0, 30), true]);
  }
});

/** A connection on which a text is sent, and nothing of what comes is read, unless it is to be. */
function send(server: OpenServer, text: string, isRead = true): Promise<{ socket: Socket; closed: Promise<string> }> {
  const socket = connect(Number(new URL(server.address).port), '127.0.0.1');
  let came = '';
  if (isRead) {
    socket.on('data', (piece) => {
      came += piece;
    });
  } else {
    socket.pause();
  }
  socket.on('error', () => {});
  const closed = new Promise<string>((done) => socket.once('close', () => done(came)));
  return new Promise((done) => socket.once('connect', () => socket.write(text, () => done({ socket, closed }))));
}

const connections = (server: OpenServer) =>
  new Promise<number>((done) => server.http.getConnections((_, count) => done(count)));
const none = (count: number) => count === 0;

test('clients that send too slowly are not waited for', async () => {
  const server = await open({ connections: { headers: 200, request: 300 } });
  const cookie = await logInAtHub(server.address, hub, ANN);
  const head = `POST /api/plans HTTP/1.1\r\nhost: ${new URL(server.address).host}\r\ncookie: ${cookie}\r\ncontent-type: application/json\r\n`;
  for (const text of [
    '',
    'GET /healthz HTTP/1.1\r\nhost: x',
    `${head}content-length: 30\r\n\r\n{"sou`,
    `${head}transfer-encoding: chunked\r\n\r\n5\r\n{"sou`,
  ]) {
    const { closed } = await send(server, text);
    expect([text.slice(0, 9), await closed]).toEqual([text.slice(0, 9), expect.not.stringContaining('200 OK')]);
  }
  expect((await ask(server, '/healthz')).status).toBe(200);
});

test('clients that do not read end: a file', async () => {
  const server = await open({ connections: { silence: 300 } });
  const cookie = await logInAtHub(server.address, hub, ANN);
  const { id, name } = await doneJob(server, cookie, 2 ** 28);
  const host = new URL(server.address).host;
  await until(() => connections(server), none);
  const { socket } = await send(
    server,
    `GET /api/jobs/${id}/files/${name} HTTP/1.1\r\nhost: ${host}\r\ncookie: ${cookie}\r\n\r\n`,
    false,
  );
  await until(() => connections(server), none);
  socket.destroy();
});

test('clients that do not read end: a stream of events, of which no more waits than is bounded', async () => {
  const server = await open();
  const cookie = await logInAtHub(server.address, hub, ANN);
  const { text } = await ask(server, '/api/jobs', { method: 'POST', body: ORDER, headers: { cookie } });
  const { id } = JSON.parse(text) as Job;
  await server.queue.claim('w', 600_000, { room: 1e12 });
  const host = new URL(server.address).host;
  const { socket } = await send(
    server,
    `GET /api/jobs/${id}/events HTTP/1.1\r\nhost: ${host}\r\ncookie: ${cookie}\r\n\r\n`,
    false,
  );
  await until(
    async () => server.streams.size,
    (size) => size === 1,
  );
  const event = { event: 'warning', what: 'x'.repeat(20_000) };
  let sent = 0;
  while (server.streams.size > 0) {
    await server.queue.append(
      id,
      'w',
      Array.from({ length: 100 }, () => event),
    );
    sent += 100;
    await sleep(1);
    expect(sent).toBeLessThan(20_000);
  }
  socket.destroy();
  expect(sent).toBeGreaterThanOrEqual(1000);
});

test('a user follows so many jobs at once, and others still do', async () => {
  const server = await open({ streams: 2 });
  const [ann, bob] = [await logInAtHub(server.address, hub, ANN), await logInAtHub(server.address, hub, BOB)];
  const order = async (cookie: string) => {
    const { text } = await ask(server, '/api/jobs', { method: 'POST', body: ORDER, headers: { cookie } });
    return (JSON.parse(text) as Job).id;
  };
  const stop = new AbortController();
  const follow = async (id: string, cookie: string) => {
    const options = { headers: { cookie }, signal: stop.signal };
    return (await fetch(`${server.address}/api/jobs/${id}/events`, options)).status;
  };
  const [own, his] = [await order(ann), await order(bob)];
  expect([await follow(own, ann), await follow(own, ann), await follow(own, ann), await follow(his, bob)]).toEqual([
    ...[200, 200, 429, 200],
  ]);
  stop.abort();
  await until(async () => server.streams.size, none);
});

test('one user has no more jobs, and no more bytes of files, than the limits', async () => {
  const size = JSON.parse(readFileSync(join(fixtures, 'Tiny-Verse-2M.expected/quantize-Q8_0.json'), 'utf8')).size;
  const server = await open({ limits: { jobs: 3, size: 2 * size } });
  const [ann, bob] = [await logInAtHub(server.address, hub, ANN), await logInAtHub(server.address, hub, BOB)];
  const order = async (quant: string[], cookie = ann) => {
    return (await ask(server, '/api/jobs', { method: 'POST', body: { ...ORDER, quant }, headers: { cookie } })).status;
  };
  // All at once, of which each alone would be allowed, with a queue that takes its time as one on another machine does.
  const look = server.queue.open.bind(server.queue);
  jest.spyOn(server.queue, 'open').mockImplementation(async (owner) => {
    const found = await look(owner);
    await sleep(5);
    return found;
  });
  const types = ['Q4_0', 'Q4_K_S', 'Q4_K_M', 'Q5_K_S', 'Q5_K_M', 'Q3_K_M', 'Q3_K_S', 'Q2_K'];
  const statuses = await Promise.all(types.map((type) => order([type])));
  expect(statuses.filter((status) => status === 201)).toHaveLength(3);
  expect(statuses.filter((status) => status === 429)).toHaveLength(5);
  expect(await order(['F16', 'Q8_0'], bob)).toBe(429);
  expect([await order(['Q8_0'], bob), await order(['Q6_K'], bob), await order(['Q5_0'], bob)]).toEqual([201, 201, 429]);
});

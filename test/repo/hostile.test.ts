import { inspect } from 'node:util';
import { TooManyFilesError, UnsafePathError, WrongAnswerError } from '#src/repo/errors.js';
import { openRepo } from '#src/repo/open.js';
import { askedPause } from '#src/repo/retry.js';
import { failure } from './kit.js';

const COMMIT = 'a'.repeat(40);
const TOKEN = 'hf_verysecret';

interface Sent {
  readonly url: URL;
  readonly token: boolean;
}

/** Opens a model at https://huggingface.co, where nothing but these answers comes from. */
async function world(answers: Record<string, (url: URL) => Response>) {
  const sent: Sent[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const url = new URL(String(input));
    sent.push({ url, token: new Headers(init?.headers).has('authorization') });
    const answer = answers[`${url.origin}${url.pathname}`];
    return answer ? answer(url) : new Response('not here', { status: 404 });
  };
  const open = () =>
    openRepo('org/model', {
      token: TOKEN,
      env: { HOME: '/nowhere' },
      fetch,
      policy: { tries: 2, pause: async () => {} },
    });
  return { sent, open };
}

const HUB = 'https://huggingface.co';
const INFO = `${HUB}/api/models/org/model/revision/main`;
const TREE = `${HUB}/api/models/org/model/tree/${COMMIT}`;
const FILE = `${HUB}/org/model/resolve/${COMMIT}/model.bin`;

const json = (value: unknown, headers = {}) => new Response(JSON.stringify(value), { headers });
const redirect = (location: string) => new Response(null, { status: 302, headers: { location } });
const info = () => json({ sha: COMMIT });
const listing = (...entries: object[]) =>
  json(entries.map((entry) => ({ type: 'file', size: 4, oid: 'b'.repeat(40), ...entry })));
const range = () => new Response('data', { status: 206, headers: { 'content-range': 'bytes 0-3/4' } });

describe('the token stays with the Hub', () => {
  test('when the listing goes on at another host', async () => {
    const { sent, open } = await world({
      [INFO]: info,
      [TREE]: () => json([], { link: '<https://evil.example/next>; rel="next"' }),
      'https://evil.example/next': () => listing({ path: 'model.bin' }),
    });
    expect(await (await open()).list()).toHaveLength(1);
    expect(sent.map(({ url, token }) => [url.host, token])).toEqual([
      ['huggingface.co', true],
      ['huggingface.co', true],
      ['evil.example', false],
    ]);
  });

  test('when a file is elsewhere, also on another port or a subdomain', async () => {
    const { sent, open } = await world({
      [INFO]: info,
      [TREE]: () => listing({ path: 'model.bin' }),
      [FILE]: () => redirect('https://huggingface.co:8443/a'),
      'https://huggingface.co:8443/a': () => redirect('https://cdn.huggingface.co/b'),
      'https://cdn.huggingface.co/b': range,
    });
    expect(Buffer.from(await (await open()).read('model.bin', 0, 4)).toString()).toBe('data');
    expect(sent.slice(2).map(({ url, token }) => [url.host, token])).toEqual([
      ['huggingface.co', true],
      ['huggingface.co:8443', false],
      ['cdn.huggingface.co', false],
    ]);
  });

  test.each(['http://huggingface.co/a', 'file:///etc/passwd', 'data:,x', 'ftp://x/y', 'http://'])(
    'and no redirect to %s is followed',
    async (location) => {
      const { sent, open } = await world({ [INFO]: () => redirect(location) });
      const error = await failure(open());
      expect(error).toBeInstanceOf(WrongAnswerError);
      expect(error.message).toMatch(/is wrong: it redirects to something that isn't an https:\/\/ address\./);
      expect(sent).toHaveLength(1);
    },
  );

  test('and in no error, whatever a server or a fetch says', async () => {
    const echo = () => new Response(null, { status: 400, headers: { 'x-error-message': `Bad Bearer ${TOKEN}\u00e9` } });
    const { open } = await world({ [INFO]: echo });
    const refused = await failure(open());
    expect(refused.message).toMatch(/status 400 \(it says: Bad Bearer hf_\.\.\. ?\)/);
    const thrown = await world({
      [INFO]: () => {
        throw new TypeError(`failed with ${TOKEN}`, { cause: new Error(TOKEN) });
      },
    });
    for (const error of [refused, await failure(thrown.open())]) {
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(TOKEN);
    }
  });
});

describe('an answer that makes no sense is an error', () => {
  test('a circle of redirects', async () => {
    const { open } = await world({ [INFO]: (url) => redirect(url.href) });
    expect((await failure(open())).message).toMatch(/is wrong: it redirects more than 10 times\./);
  });

  test.each([
    ['no commit', {}],
    ['a path', { sha: '../../x' }],
    ['a list', []],
  ])('%s for a commit', async (_, value) => {
    const error = await failure((await world({ [INFO]: () => json(value) })).open());
    expect(error).toBeInstanceOf(WrongAnswerError);
    expect(error.message).toMatch(/it names no commit for org\/model at main\./);
  });

  test.each(['<html>', '', '{'])('%j for JSON', async (text) => {
    const error = await failure((await world({ [INFO]: () => new Response(text) })).open());
    expect(error).toBeInstanceOf(WrongAnswerError);
    expect(error).toMatchObject({ exitCode: 5 });
  });

  test.each(['../x', '/x', 'a/../b', 'a\\b', 'a\0b', 'C:/x', './a', 'a\ud800'])('the path %j', async (path) => {
    const { open } = await world({ [INFO]: info, [TREE]: () => listing({ path }) });
    const error = await failure(open());
    expect(error).toBeInstanceOf(UnsafePathError);
    expect(error.exitCode).toBe(4);
  });

  test.each([
    [{ size: -1 }, 'impossible size'],
    [{ size: 2 ** 60 }, 'impossible size'],
    [{ size: '4' }, 'impossible size'],
    [{ oid: '../../x' }, 'impossible hash'],
    [{ lfs: { oid: 'short', size: 4 } }, 'impossible hash'],
    [{ path: 7 }, 'without a path'],
  ])('an entry with %j', async (entry, what) => {
    const { open } = await world({ [INFO]: info, [TREE]: () => listing({ path: 'model.bin', ...entry }) });
    const error = await failure(open());
    expect(error).toBeInstanceOf(WrongAnswerError);
    expect(error.message).toContain(what);
  });

  test('endless empty pages', async () => {
    const page = (url: URL) => json([], { link: `<${url.origin}${url.pathname}?page>; rel="next"` });
    const error = await failure((await world({ [INFO]: info, [TREE]: page })).open());
    expect(error).toBeInstanceOf(TooManyFilesError);
  });

  test('an endless answer', async () => {
    const endless = () =>
      new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(2 ** 20)) }));
    const error = await failure((await world({ [INFO]: endless })).open());
    expect(error.message).toMatch(/is wrong: it has more than 33554432 bytes\./);
  });

  test.each([
    ['more bytes than asked for', new Response('dataX', { status: 206, headers: { 'content-range': 'bytes 0-3/4' } })],
    [
      'a length that contradicts',
      new Response('dat', { status: 206, headers: { 'content-range': 'bytes 0-3/4', 'content-length': '3' } }),
    ],
    ['no range', new Response('data', { status: 206 })],
    ['a range that is not there', new Response(null, { status: 416 })],
  ])('a range with %s', async (_, response) => {
    const { open } = await world({
      [INFO]: info,
      [TREE]: () => listing({ path: 'model.bin' }),
      [FILE]: () => response.clone(),
    });
    const error = await failure((await open()).read('model.bin', 0, 4));
    expect(error).toBeInstanceOf(WrongAnswerError);
  });
});

describe('the pause that a server asks for', () => {
  const now = Date.UTC(2026, 0, 1, 12, 0, 0);
  test.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': 'Thu, 01 Jan 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Thu, 01 Jan 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{ ratelimit: '"resolvers";r=0;t=56' }, 56_000],
    [{}, undefined],
  ])('%j', (headers, ms) => {
    expect(askedPause(new Headers(headers as Record<string, string>), now)).toBe(ms);
  });

  test('has its limit', async () => {
    const pauses: number[] = [];
    const fetch: typeof globalThis.fetch = async () =>
      new Response(null, { status: 429, headers: { 'retry-after': '99999' } });
    const pause = async (ms: number) => {
      pauses.push(ms);
    };
    await failure(openRepo('org/model', { token: '', env: { HOME: '/nowhere' }, fetch, policy: { tries: 2, pause } }));
    expect(pauses).toEqual([300_000]);
  });
});

import { inspect } from 'node:util';
import { ReplacedFileError, TooManyFilesError, UnsafePathError, WrongAnswerError } from '#src/repo/errors.js';
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
const ranged = (headers = {}) =>
  new Response('data', { status: 206, headers: { 'content-range': 'bytes 0-3/4', ...headers } });

describe('the token stays with the Hub', () => {
  test.each(['https://evil.example/next', 'http://huggingface.co/next', 'file:///etc/passwd', 'data:,[]', 'https://'])(
    'and a listing that goes on at %s is refused',
    async (next) => {
      const { sent, open } = await world({ [INFO]: info, [TREE]: () => json([], { link: `<${next}>; rel="next"` }) });
      const error = await failure(open());
      expect(error).toBeInstanceOf(WrongAnswerError);
      expect(error.message).toMatch(/is wrong: the next page of its listing is not on the same host\./);
      expect(sent.map(({ url }) => url.host)).toEqual(['huggingface.co', 'huggingface.co']);
    },
  );

  test('when a file is elsewhere, also on another port or a subdomain', async () => {
    const { sent, open } = await world({
      [INFO]: info,
      [TREE]: () => listing({ path: 'model.bin' }),
      [FILE]: () => redirect('https://huggingface.co:8443/a'),
      'https://huggingface.co:8443/a': () => redirect('https://cdn.huggingface.co/b'),
      'https://cdn.huggingface.co/b': () => ranged(),
    });
    expect(Buffer.from(await (await open()).read('model.bin', 0, 4)).toString()).toBe('data');
    expect(sent.slice(2).map(({ url, token }) => [url.host, token])).toEqual([
      ['huggingface.co', true],
      ['huggingface.co:8443', false],
      ['cdn.huggingface.co', false],
    ]);
  });

  test.each([
    'http://huggingface.co/a',
    'file:///etc/passwd',
    'data:,x',
    'ftp://x/y',
    'http://',
    'https://me:pw@huggingface.co/',
  ])('and no redirect to %s is followed', async (location) => {
    const { sent, open } = await world({ [INFO]: () => redirect(location) });
    const error = await failure(open());
    expect(error).toBeInstanceOf(WrongAnswerError);
    expect(error.message).toMatch(/is wrong: it redirects to something that isn't an https:\/\/ address\./);
    expect(sent).toHaveLength(1);
  });

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
    [{ path: 'x'.repeat(5000) }, 'it lists a path of 5000 characters'],
  ])('an entry with %j', async (entry, what) => {
    const { open } = await world({ [INFO]: info, [TREE]: () => listing({ path: 'model.bin', ...entry }) });
    const error = await failure(open());
    expect(error).toBeInstanceOf(WrongAnswerError);
    expect(error.message).toContain(what);
  });

  test('endless empty pages', async () => {
    let pages = 0;
    const page = (url: URL) => json([], { link: `<${url.origin}${url.pathname}?page=${++pages}>; rel="next"` });
    const error = await failure((await world({ [INFO]: info, [TREE]: page })).open());
    expect(error).toBeInstanceOf(TooManyFilesError);
  });

  test('pages in a circle', async () => {
    const page = (url: URL) => json([], { link: `<${url.origin}${url.pathname}?page>; rel="next"` });
    const { sent, open } = await world({ [INFO]: info, [TREE]: page });
    const error = await failure(open());
    expect(error.message).toMatch(/is wrong: the pages of its listing go round in a circle\./);
    expect(sent).toHaveLength(3);
  });

  test('a path that is listed twice', async () => {
    const twice = () => listing({ path: 'model.bin' }, { path: 'config.json' }, { path: 'model.bin' });
    const error = await failure((await world({ [INFO]: info, [TREE]: twice })).open());
    expect(error.message).toMatch(/is wrong: it lists "model.bin" twice\./);
  });

  test.each([
    ['lists', '['.repeat(3e6)],
    ['objects', '{"a":'.repeat(1e6)],
  ])('nested %s', async (_, text) => {
    const error = await failure((await world({ [INFO]: () => new Response(text) })).open());
    expect(error.message).toMatch(/is wrong: its values are nested more than 100 deep\./);
  });

  test('but not brackets in strings', async () => {
    const answers = { [INFO]: () => json({ sha: COMMIT, text: `\\"${'['.repeat(1000)}` }), [TREE]: () => listing() };
    expect(await (await (await world(answers)).open()).list()).toEqual([]);
  });

  test('no content', async () => {
    const error = await failure((await world({ [INFO]: () => new Response(null, { status: 204 }) })).open());
    expect(error.message).toMatch(/is wrong: it has status 204 where 200 was due\./);
  });

  test.each([302, 304, 418])('status %d without anywhere to go', async (status) => {
    const error = await failure((await world({ [INFO]: () => new Response(null, { status }) })).open());
    expect(error.message).toMatch(new RegExp(`^${HUB} refused to serve org/model with status ${status}\\.`));
    expect(error.exitCode).toBe(5);
  });

  test('an endless answer', async () => {
    const endless = () =>
      new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(2 ** 20)) }));
    const error = await failure((await world({ [INFO]: endless })).open());
    expect(error.message).toMatch(/is wrong: it has more than 8388608 bytes\./);
  });

  test.each([
    ['more bytes than asked for', new Response('dataX', { status: 206, headers: { 'content-range': 'bytes 0-3/4' } })],
    [
      'a length that contradicts',
      new Response('dat', { status: 206, headers: { 'content-range': 'bytes 0-3/4', 'content-length': '3' } }),
    ],
    ['no range', new Response('data', { status: 206 })],
    ['an encoding', ranged({ 'content-encoding': 'gzip' })],
    ['several parts', ranged({ 'content-type': 'multipart/byteranges; boundary=x' })],
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
});

describe('a file that is not the one listed', () => {
  const OTHER = 'c'.repeat(40);
  /** Reads twice; the answers of the second read are these. */
  async function readTwice(second: () => Response, atCdn?: () => Response) {
    let reads = 0;
    const { open } = await world({
      [INFO]: info,
      [TREE]: () => listing({ path: 'model.bin' }),
      [FILE]: () =>
        reads++ === 0 ? ranged({ etag: '"a"', 'x-linked-etag': '"a"', 'x-repo-commit': COMMIT }) : second(),
      ...(atCdn && { 'https://cdn.example/b': atCdn }),
    });
    const repo = await open();
    expect(Buffer.from(await repo.read('model.bin', 0, 4)).toString()).toBe('data');
    return repo.read('model.bin', 0, 4);
  }

  test.each([
    ['total', { 'content-range': 'bytes 0-3/5' }, 'it has 5 bytes where 4 are listed'],
    ['ETag', { etag: '"b"' }, 'its ETag is "b" in place of "a"'],
    ['linked ETag', { 'x-linked-etag': '"b"' }, 'its X-Linked-ETag is "b" in place of "a"'],
    ['commit', { 'x-repo-commit': OTHER }, `its commit is ${OTHER} in place of ${COMMIT}`],
    ['size', { 'x-linked-size': '5' }, 'its size is 5 in place of 4'],
  ])('by its %s', async (_, headers, why) => {
    const error = await failure(readTwice(() => ranged(headers)));
    expect(error).toBeInstanceOf(ReplacedFileError);
    expect(error.exitCode).toBe(5);
    expect(error.message).toContain(
      `model.bin of org/model is another file than the one that was listed or read before: ${why}.`,
    );
  });

  test('also by what a redirect says', async () => {
    const headers = { location: 'https://cdn.example/b', 'x-repo-commit': OTHER };
    const error = await failure(
      readTwice(
        () => new Response(null, { status: 302, headers }),
        () => ranged(),
      ),
    );
    expect(error).toBeInstanceOf(ReplacedFileError);
  });

  test('but each host has ETags of its own', async () => {
    const headers = { location: 'https://cdn.example/b', 'x-linked-etag': '"a"' };
    const bytes = await readTwice(
      () => new Response(null, { status: 302, headers }),
      () => ranged({ etag: '"of the CDN"' }),
    );
    expect(Buffer.from(bytes).toString()).toBe('data');
  });
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AccessPendingError,
  BadEndpointError,
  FileNotFoundError,
  GatedRepoError,
  NotASourceError,
  OfflineError,
  RefusedError,
  RepoNotFoundError,
  RevisionNotFoundError,
  ShortFileError,
  TokenInvalidError,
  TokenMissingError,
  TokenScopeError,
  UnsafePathError,
} from '#src/repo/errors.js';
import { collect, failure, type Scene, scene } from './kit.js';

const REPO = { 'config.json': '{}', 'model.safetensors': 'weights' };
const TOKENS = {
  hf_alice: { user: 'alice' },
  hf_bob: { user: 'bob' },
  hf_carol: { user: 'carol' },
  hf_narrow: { user: 'alice', canReadGated: false, canReadPrivate: false },
};
const ACCESS = {
  'org/gated': { gated: true, members: ['alice'], pending: ['bob'] },
  'org/private': { private: true, members: ['alice'] },
  'org/disabled': { disabled: true },
};

function guarded(): Promise<Scene> {
  const names = ['org/model', 'org/gated', 'org/private', 'org/disabled'];
  return scene(Object.fromEntries(names.map((name) => [name, REPO])), { tokens: TOKENS, access: ACCESS });
}

/** Opens it and reads a file, as a conversion would. */
async function use({ open }: Scene, source: string, token?: string, path = 'model.safetensors') {
  const repo = await open(source, token === undefined ? {} : { token });
  return collect(repo.stream(path));
}

describe('a refusal of the Hub has its own error', () => {
  // HUB stands for the endpoint.
  const cases = [
    [
      'no such model',
      'org/absent',
      'hf_alice',
      RepoNotFoundError,
      "There is no model org/absent at HUB, or the token's account may not see it. Check the name; to read a folder, give a path that exists.",
    ],
    [
      'a private or absent model, no token',
      'org/private',
      '',
      TokenMissingError,
      'HUB shows no model org/private without a token: it does not exist, or it is private. Check the name; for a private model set HF_TOKEN to a token from HUB/settings/tokens.',
    ],
    [
      "another's private model",
      'org/private',
      'hf_carol',
      RepoNotFoundError,
      "There is no model org/private at HUB, or the token's account may not see it. Check the name; to read a folder, give a path that exists.",
    ],
    [
      'a private model, narrow token',
      'org/private',
      'hf_narrow',
      TokenScopeError,
      'The Hub token does not have the permission to read org/private (the Hub says: This token does not have the permission to read this repository). Give the token read access to this model at HUB/settings/tokens.',
    ],
    [
      'no such revision',
      'org/model@v9',
      '',
      RevisionNotFoundError,
      'org/model has no revision "v9". See its branches and tags at HUB/org/model/tree/main.',
    ],
    [
      'a wrong token',
      'org/model',
      'hf_wrong',
      TokenInvalidError,
      'The Hub token was not accepted by HUB. Set HF_TOKEN to a valid one from HUB/settings/tokens, or unset it.',
    ],
    [
      'a gated model, no token',
      'org/gated',
      '',
      GatedRepoError,
      'org/gated is gated: it is read with a token only, and none was sent. Ask for access at HUB/org/gated, and set HF_TOKEN to a token of that account.',
    ],
    [
      'a gated model, no access',
      'org/gated',
      'hf_carol',
      GatedRepoError,
      "org/gated is gated: the token's account has no access to it. Ask for access at HUB/org/gated, then run it again.",
    ],
    [
      'a gated model, access pending',
      'org/gated',
      'hf_bob',
      AccessPendingError,
      "org/gated is gated, and the request for access awaits its authors' review. Run it again once HUB/org/gated shows that access is granted.",
    ],
    [
      'a gated model, narrow token',
      'org/gated',
      'hf_narrow',
      TokenScopeError,
      'The Hub token does not have the permission to read org/gated (the Hub says: Please enable access to public gated repositories in your fine-grained token settings to view this repository). Give the token read access to this model at HUB/settings/tokens.',
    ],
    [
      'a disabled model',
      'org/disabled',
      '',
      RefusedError,
      'HUB refused to serve org/disabled with status 403 (it says: Access to this resource is disabled). Look at HUB/org/disabled.',
    ],
  ] as const;

  test.each(cases)('%s', async (_, source, token, kind, sentence) => {
    const stage = await guarded();
    const error = await failure(use(stage, source, token));
    expect(error).toBeInstanceOf(kind);
    expect(error.exitCode).toBe(5);
    expect(error.message.replaceAll(stage.hub.endpoint, 'HUB')).toBe(sentence);
  });

  test('no such file, whether the listing or the Hub says so', async () => {
    const stage = await guarded();
    const error = await failure(use(stage, 'org/model', '', 'absent.bin'));
    expect(error).toBeInstanceOf(FileNotFoundError);
    expect(error.exitCode).toBe(5);
    expect(error.message).toMatch(
      /^There is no file absent\.bin in org\/model at [0-9a-f]{40}\. See its files at http/,
    );
  });

  test('none where access is given', async () => {
    const stage = await guarded();
    for (const source of ['org/gated', 'org/private']) {
      expect(Buffer.from(await use(stage, source, 'hf_alice')).toString()).toBe('weights');
    }
  });

  test('of a range past the end comes before any request', async () => {
    const stage = await guarded();
    const repo = await stage.open('org/model');
    stage.hub.seen.length = 0;
    const error = await failure(repo.read('model.safetensors', 5, 2 ** 50));
    expect(error).toBeInstanceOf(ShortFileError);
    expect(error.exitCode).toBe(4);
    expect(error.message).toMatch(/^model\.safetensors has 7 bytes, but 1125899906842629 are needed\./);
    expect(stage.hub.seen).toEqual([]);
  });

  test('of a path out of the repository comes before any request', async () => {
    const repo = await (await guarded()).open('org/model');
    for (const path of ['../x', '/etc/passwd', 'a/../../x', 'a\\b', 'a\0b', 'C:x', 'a//b', '']) {
      expect(await failure(repo.read(path, 0, 1))).toBeInstanceOf(UnsafePathError);
    }
  });
});

describe('offline', () => {
  test('what is not in the cache says so', async () => {
    const stage = await guarded();
    const env = { ...stage.env, HF_HUB_OFFLINE: '1' };
    const error = await failure(stage.open('org/model', { env }));
    expect(error).toBeInstanceOf(OfflineError);
    expect(error.exitCode).toBe(5);
    expect(error.message).toBe(
      `HF_HUB_OFFLINE is set, and org/model at main is not in the cache at ${stage.home}/hub. Unset HF_HUB_OFFLINE, or download the model first.`,
    );
    const snapshots = join(stage.home, 'hub/models--org--model/snapshots', 'a'.repeat(40));
    mkdirSync(snapshots, { recursive: true });
    writeFileSync(join(snapshots, 'config.json'), '{}');
    const repo = await stage.open(`org/model@${'a'.repeat(40)}`, { env });
    const missing = await failure(repo.read('model.safetensors', 0, 1));
    expect(missing).toBeInstanceOf(OfflineError);
    expect(missing.message).toMatch(/^HF_HUB_OFFLINE is set, and model\.safetensors of org\/model is not in the cache/);
    expect(stage.hub.seen).toEqual([]);
  });
});

describe('the token', () => {
  const sent = ({ hub }: Scene, host: string) =>
    new Set(hub.seen.filter((seen) => seen.host === host).map(({ authorization }) => authorization));

  test("goes to the Hub's own host and never to the CDN, although that says it is CloudFront", async () => {
    const stage = await guarded();
    const repo = await stage.open('org/gated', { token: 'hf_alice' });
    await repo.read('model.safetensors', 0, 3);
    await repo.read('model.safetensors', 3, 3);
    expect(sent(stage, 'hub')).toEqual(new Set(['Bearer hf_alice']));
    expect(sent(stage, 'cdn')).toEqual(new Set([null]));
  });

  test.each([
    ['HF_TOKEN', { HF_TOKEN: ' hf_alice\n' }],
    ['the file in HF_HOME', {}],
    ['HF_TOKEN_PATH', { HF_TOKEN_PATH: '~/elsewhere' }],
  ])('comes from %s', async (_, variables) => {
    const stage = await guarded();
    writeFileSync(join(stage.home, 'HF_TOKEN_PATH' in variables ? 'elsewhere' : 'token'), 'hf_alice\n');
    await stage.open('org/private', { env: { ...stage.env, ...variables } });
    expect(sent(stage, 'hub')).toEqual(new Set(['Bearer hf_alice']));
  });

  test('is none where the caller says so, or nobody logged in', async () => {
    const stage = await guarded();
    await stage.open('org/model', { env: { ...stage.env, HF_TOKEN: 'hf_alice' }, token: '' });
    await stage.open('org/model');
    expect(sent(stage, 'hub')).toEqual(new Set([null]));
  });

  test('that no header can carry is refused without being shown', async () => {
    const stage = await guarded();
    const error = await failure(stage.open('org/model', { token: 'hf_se\ncret' }));
    expect(error).toBeInstanceOf(TokenInvalidError);
    expect(error.message).toMatch(/^The Hub token holds characters that no token has\. Set HF_TOKEN/);
    expect(error.message).not.toContain('cret');
  });
});

describe('what is no source', () => {
  test.each([
    '',
    'a/b/c',
    'datasets/org/name',
    'org/',
    '-x',
    'a b',
    'org/na..me',
    'org/model@',
    'org/model@../x',
    'org/m@a\\b',
  ])('%j says so', async (source) => {
    const error = await failure((await guarded()).open(source));
    expect(error).toBeInstanceOf(NotASourceError);
    expect(error.exitCode).toBe(2);
  });

  test('two different revisions contradict each other', async () => {
    const error = await failure((await guarded()).open('org/model@a', { revision: 'b' }));
    expect(error.message).toMatch(/^"org\/model@a" names another revision than "b"/);
  });

  test.each(['huggingface.co', 'ftp://x', 'https://user:secret@x', 'https://x?token=secret'])(
    'an endpoint %s is refused',
    async (endpoint) => {
      const error = await failure((await guarded()).open('org/model', { endpoint }));
      expect(error).toBeInstanceOf(BadEndpointError);
      expect(error.exitCode).toBe(2);
      expect(error.message).not.toContain('secret');
    },
  );
});

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WrongHashError } from '#src/repo/errors.js';
import { collect, expectBytes, failure, scene, tempFolder, testBytes, writeFiles } from './kit.js';

const WEIGHTS = testBytes(2_500_000);
const NOTES = 'ä note with an odd name\n';
const REPO = {
  'config.json': '{"a": 1}',
  'model.safetensors': WEIGHTS,
  'sub folder/50%#1?.txt': NOTES,
  empty: '',
};

describe('a model on the Hub', () => {
  test('is listed over several pages, in code point order, with the LFS hashes', async () => {
    const names = ['z', 'a/b/c', '\u{1F600}', '\uFF5E', 'Z'];
    const files = Object.fromEntries(names.map((name) => [name, name]));
    const { open } = await scene({ 'org/model': { ...files, 'x.safetensors': 'x' } }, { pageSize: 2 });
    const list = await (await open('org/model')).list();
    expect(list.map(({ path }) => path)).toEqual(['Z', 'a/b/c', 'x.safetensors', 'z', '\uFF5E', '\u{1F600}']);
    expect(list[2]).toMatchObject({ size: 1, sha256: createHash('sha256').update('x').digest('hex') });
  });

  test('gives ranges, whole files and odd names', async () => {
    const { open } = await scene({ 'org/model': REPO });
    const repo = await open('org/model');
    expect([repo.id, repo.name]).toEqual(['org/model', 'model']);
    expectBytes(await repo.read('model.safetensors', 1_000_001, 777_777), WEIGHTS.slice(1_000_001, 1_777_778));
    expectBytes(await repo.read('model.safetensors', 0, WEIGHTS.length), WEIGHTS);
    expectBytes(await repo.read('model.safetensors', WEIGHTS.length - 1, 1), WEIGHTS.slice(-1));
    expect(await repo.read('model.safetensors', 5, 0)).toEqual(new Uint8Array(0));
    expectBytes(await collect(repo.stream('model.safetensors')), WEIGHTS);
    expect(Buffer.from(await collect(repo.stream('sub folder/50%#1?.txt'))).toString()).toBe(NOTES);
    expect(await collect(repo.stream('empty'))).toHaveLength(0);
  });

  test('is read straight into shared memory', async () => {
    const { open } = await scene({ gpt2: REPO });
    const shared = new Uint8Array(new SharedArrayBuffer(100), 10, 50);
    await (await open('gpt2')).readInto('model.safetensors', 99, shared);
    expect(Buffer.from(shared)).toEqual(Buffer.from(WEIGHTS.slice(99, 149)));
  });

  test('stays at the commit of its opening when the branch moves on', async () => {
    const { open, hub } = await scene({ 'org/model': REPO });
    const first = await open('org/model');
    const next = tempFolder();
    writeFiles(next, { 'config.json': '{"b": 2}', 'model.safetensors': testBytes(2_500_000, 2) });
    hub.repos.setBranch('org/model', 'main', next);
    const second = await open('org/model');
    expect(first.revision).toMatch(/^[0-9a-f]{40}$/);
    expect(second.revision).not.toBe(first.revision);
    expectBytes(await first.read('model.safetensors', 7, 100), WEIGHTS.slice(7, 107));
    expect(Buffer.from(await collect(first.stream('config.json'))).toString()).toBe('{"a": 1}');
    expect(Buffer.from(await collect(second.stream('config.json'))).toString()).toBe('{"b": 2}');
    expect((await open(`org/model@${first.revision}`)).revision).toBe(first.revision);
  });

  test('is opened at a branch, a pull request or a tag', async () => {
    const { open, hub } = await scene({ 'org/model': REPO });
    const branch = tempFolder();
    writeFiles(branch, { 'config.json': '{"pr": 1}' });
    hub.repos.setBranch('org/model', 'refs/pr/1', branch);
    for (const repo of [await open('org/model@refs/pr/1'), await open('org/model', { revision: 'refs/pr/1' })]) {
      expect(Buffer.from(await collect(repo.stream('config.json'))).toString()).toBe('{"pr": 1}');
    }
  });

  test('asks the Hub where a file is only once, and again when that address no longer serves it', async () => {
    const { open, hub } = await scene({ 'org/model': REPO });
    const repo = await open('org/model');
    const resolves = () => hub.seen.filter(({ path }) => path.includes('/resolve/')).length;
    await repo.read('model.safetensors', 0, 10);
    await repo.read('model.safetensors', 10, 10);
    expect(resolves()).toBe(1);
    hub.world.signature = 'renewed';
    expectBytes(await repo.read('model.safetensors', 20, 10), WEIGHTS.slice(20, 30));
    expect(resolves()).toBe(2);
  });

  test.each([
    ['model.safetensors', 'sha256'],
    ['config.json', 'sha1'],
  ])('%s that changed on the way is found out by its %s', async (path, algorithm) => {
    const { open, root } = await scene({ 'org/model': REPO });
    const repo = await open('org/model');
    const changed = Buffer.from(REPO[path as 'config.json']);
    changed[3] = 0x7a;
    writeFileSync(join(root, 'org/model', path), changed);
    const error = await failure(collect(repo.stream(path)));
    expect(error).toBeInstanceOf(WrongHashError);
    expect(error.exitCode).toBe(4);
    expect(error.message).toMatch(new RegExp(`^${path} has the ${algorithm} [0-9a-f]+, but the repository says`));
  });
});

describe('the cache of Hugging Face tools', () => {
  /** As huggingface_hub lays it out: files are links to blobs. */
  function fillCache(home: string, commit: string, files: Record<string, Uint8Array | string>) {
    const folder = join(home, 'hub', 'models--org--model');
    writeFiles(folder, { 'refs/main': commit });
    mkdirSync(join(folder, 'blobs'), { recursive: true });
    for (const [path, bytes] of Object.entries(files)) {
      const blob = createHash('sha256').update(bytes).digest('hex');
      writeFileSync(join(folder, 'blobs', blob), bytes);
      const link = join(folder, 'snapshots', commit, path);
      mkdirSync(join(link, '..'), { recursive: true });
      symlinkSync(join(folder, 'blobs', blob), link);
    }
    return folder;
  }

  test('serves the files that it has for the commit, and the Hub the others', async () => {
    const { open, hub, home } = await scene({ 'org/model': REPO });
    const commit = (await open('org/model')).revision ?? '';
    const folder = fillCache(home, commit, { 'model.safetensors': WEIGHTS, 'config.json': '{"a"' });
    const repo = await open('org/model');
    hub.seen.length = 0;
    expect(repo.local('model.safetensors')).toMatch(join(folder, 'blobs'));
    expectBytes(await repo.read('model.safetensors', 5, 500), WEIGHTS.slice(5, 505));
    expectBytes(await collect(repo.stream('model.safetensors')), WEIGHTS);
    expect(hub.seen).toEqual([]);
    // The cached config.json is cut short.
    expect(repo.local('config.json')).toBeNull();
    expect(Buffer.from(await collect(repo.stream('config.json'))).toString()).toBe('{"a": 1}');
  });

  test('is left as it is', async () => {
    const { open, home } = await scene({ 'org/model': REPO });
    const repo = await open('org/model');
    await collect(repo.stream('model.safetensors'));
    expect(readdirSync(home)).toEqual([]);
  });

  test('is all there is offline', async () => {
    const { open, hub, home, env } = await scene({ 'org/model': REPO });
    const commit = 'c'.repeat(40);
    fillCache(home, commit, { 'config.json': '{"a": 1}', 'sub/x.txt': 'x' });
    const offline = { env: { ...env, HF_HUB_OFFLINE: '1' } };
    for (const source of ['org/model', 'org/model@main', `org/model@${commit}`]) {
      const repo = await open(source, offline);
      expect([repo.id, repo.name, repo.revision]).toEqual(['org/model', 'model', commit]);
      expect((await repo.list()).map(({ path }) => path)).toEqual(['config.json', 'sub/x.txt']);
      expect(Buffer.from(await collect(repo.stream('config.json'))).toString()).toBe('{"a": 1}');
    }
    expect(hub.seen).toEqual([]);
  });

  test.each([
    ['HF_HUB_CACHE', 'elsewhere'],
    ['HF_HOME', 'elsewhere/../elsewhere'],
  ])('is found by %s', async (variable, value) => {
    const { open, home, env } = await scene({});
    const root = join(home, value);
    const commit = 'd'.repeat(40);
    const hub = variable === 'HF_HOME' ? join(root, 'hub') : root;
    writeFiles(join(hub, 'models--gpt2'), { 'refs/main': commit, [`snapshots/${commit}/config.json`]: '{}' });
    const repo = await open('gpt2', { env: { ...env, [variable]: root, HF_HUB_OFFLINE: 'true' } });
    expect(repo.revision).toBe(commit);
  });
});

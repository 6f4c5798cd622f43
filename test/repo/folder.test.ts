import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InterruptedError } from '#src/errors.js';
import {
  FolderNotFoundError,
  MissingFileError,
  NotAFolderError,
  ShortFileError,
  UnreadableError,
  UnsafePathError,
} from '#src/repo/errors.js';
import { openRepo, RevisionOfFolderError } from '#src/repo/open.js';
import { collect, expectBytes, failure, tempFolder, testBytes, writeFiles } from './kit.js';

const WEIGHTS = testBytes(2_300_000);

function modelFolder(): string {
  const folder = join(tempFolder(), 'My-Model');
  writeFiles(folder, { 'config.json': '{}', 'model.safetensors': WEIGHTS, 'sub/b.txt': 'b', '.git/HEAD': 'x' });
  return folder;
}

describe('a folder', () => {
  test('is listed with its sub-folders, in code point order, without .git', async () => {
    const folder = modelFolder();
    writeFiles(folder, { '\u{1F600}': '1', '\uFF5E': '2', '.gitattributes': '' });
    const repo = await openRepo(folder);
    expect([repo.id, repo.name, repo.revision]).toEqual([folder, 'My-Model', null]);
    const paths = (await repo.list()).map(({ path }) => path);
    expect(paths).toEqual(['.gitattributes', 'config.json', 'model.safetensors', 'sub/b.txt', '\uFF5E', '\u{1F600}']);
    expect((await repo.list())[2]).toMatchObject({ path: 'model.safetensors', size: WEIGHTS.length });
  });

  test('gives ranges and whole files', async () => {
    const folder = modelFolder();
    const repo = await openRepo(folder);
    expectBytes(await repo.read('model.safetensors', 1_999_999, 300_001), WEIGHTS.slice(1_999_999));
    expectBytes(await collect(repo.stream('model.safetensors')), WEIGHTS);
    const shared = new Uint8Array(new SharedArrayBuffer(64), 8, 32);
    await repo.readInto('model.safetensors', 77, shared);
    expectBytes(Buffer.from(shared), WEIGHTS.slice(77, 109));
    expect(repo.local('sub/b.txt')).toBe(join(folder, 'sub/b.txt'));
  });

  test('wins over a name on the Hub', async () => {
    const offline = { env: { HF_HUB_OFFLINE: '1' } };
    expect(await openRepo('src/repo', offline)).toMatchObject({ id: 'src/repo', name: 'repo', revision: null });
    expect((await failure(openRepo('src/absent', offline))).message).toMatch(/^HF_HUB_OFFLINE is set, and src\/absent/);
  });

  test('is named after the last part of its path, whatever is behind it', async () => {
    expect((await openRepo(`${modelFolder()}/`)).name).toBe('My-Model');
    expect((await openRepo(`${modelFolder()}/sub/..`)).name).toBe('My-Model');
  });

  test('may hold links to files, as a cache does; a link to nothing is no file', async () => {
    const folder = modelFolder();
    symlinkSync('../../elsewhere', join(folder, 'dangling'));
    symlinkSync(join(folder, 'model.safetensors'), join(folder, 'linked.bin'));
    symlinkSync('..', join(folder, 'sub', 'loop'));
    const repo = await openRepo(folder);
    const paths = (await repo.list()).map(({ path }) => path);
    expect(paths).toEqual(['config.json', 'linked.bin', 'model.safetensors', 'sub/b.txt']);
    expectBytes(await repo.read('linked.bin', 100, 100), WEIGHTS.slice(100, 200));
  });

  test.each(['../My-Model/config.json', '/etc/passwd', 'sub/../config.json', 'sub\\b.txt'])(
    'is not left by %s',
    async (path) => {
      const repo = await openRepo(modelFolder());
      const error = await failure(repo.read(path, 0, 1));
      expect(error).toBeInstanceOf(UnsafePathError);
      expect(error.exitCode).toBe(4);
      expect(() => repo.local(path)).toThrow(UnsafePathError);
    },
  );
});

describe('what is wrong with a folder has its own error', () => {
  test.each(['./absent', '../absent', '/absent', '.\\absent'])('nothing at %s', async (path) => {
    const error = await failure(openRepo(path));
    expect(error).toBeInstanceOf(FolderNotFoundError);
    expect(error.exitCode).toBe(4);
    expect(error.message).toBe(`There is no folder ${path}. Check the path.`);
  });

  test('a file', async () => {
    const path = join(modelFolder(), 'config.json');
    const error = await failure(openRepo(path));
    expect(error).toBeInstanceOf(NotAFolderError);
    expect(error.exitCode).toBe(4);
    expect(error.message).toMatch(/config\.json is not a folder\. Give the folder/);
  });

  test('a revision', async () => {
    const error = await failure(openRepo(modelFolder(), { revision: 'main' }));
    expect(error).toBeInstanceOf(RevisionOfFolderError);
    expect(error.exitCode).toBe(2);
  });

  test('no such file', async () => {
    const folder = modelFolder();
    const error = await failure((await openRepo(folder)).read('absent', 0, 1));
    expect(error).toBeInstanceOf(MissingFileError);
    expect(error.exitCode).toBe(4);
    expect(error.message).toMatch(`There is no file absent in ${folder}.`);
  });

  test('a file shorter than asked, from the start or since', async () => {
    const folder = modelFolder();
    const repo = await openRepo(folder);
    const beyond = await failure(repo.read('model.safetensors', WEIGHTS.length - 1, 2));
    expect(beyond).toBeInstanceOf(ShortFileError);
    expect(beyond.exitCode).toBe(4);
    expect(beyond.message).toBe(
      'model.safetensors has 2300000 bytes, but 2300001 are needed. Download the file again: it is cut short.',
    );
    truncateSync(join(folder, 'model.safetensors'), 1_500_000);
    expect(await failure(repo.read('model.safetensors', 1_400_000, 200_000))).toBeInstanceOf(ShortFileError);
    expect(await failure(collect(repo.stream('model.safetensors')))).toBeInstanceOf(ShortFileError);
  });

  test('no permission', async () => {
    const folder = modelFolder();
    mkdirSync(join(folder, 'locked'));
    writeFileSync(join(folder, 'locked', 'x'), 'x');
    chmodSync(join(folder, '..'), 0o755);
    chmodSync(join(folder, 'locked'), 0);
    const error = await asUser(() => failure(openRepo(folder)));
    chmodSync(join(folder, 'locked'), 0o755);
    expect(error).toBeInstanceOf(UnreadableError);
    expect(error.exitCode).toBe(4);
    expect(error.message).toMatch(/locked can't be read \(EACCES\)\. Check its permissions/);
  });

  test('an abort', async () => {
    const repo = await openRepo(modelFolder());
    const signal = AbortSignal.abort();
    expect(await failure(repo.read('model.safetensors', 0, 5, signal))).toBeInstanceOf(InterruptedError);
    expect(await failure(collect(repo.stream('model.safetensors', signal)))).toBeInstanceOf(InterruptedError);
  });
});

/** The superuser may read everything, so it steps down for a moment. */
async function asUser<T>(step: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) {
    return step();
  }
  process.seteuid?.(65534);
  try {
    return await step();
  } finally {
    process.seteuid?.(0);
  }
}

import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { convert, quantize } from '#src/calls/conversions.js';
import { merge } from '#src/files/merge.js';
import { imatrix } from '#src/runner/imatrix/imatrix.js';
import { finish, sha256 } from '../calls/records.js';
import { run } from '../cli/run.js';
import { tempFolder } from '../temp.js';
import { modelBytes, OPERATIONS, type Operation, type Outcome, tinyVerse } from './operations.js';

/** All that is under a folder: of each entry its kind, its place on the disk, and what is in it. */
function everything(folder: string, below = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(join(folder, below))) {
    const path = join(folder, below, name);
    const stats = lstatSync(path);
    const content = stats.isSymbolicLink() ? readlinkSync(path) : stats.isFile() ? sha256(path) : '';
    found.set(join(below, name), `${stats.mode} ${stats.ino} ${content}`);
    if (stats.isDirectory()) {
      for (const [inner, entry] of everything(folder, join(below, name))) {
        found.set(inner, entry);
      }
    }
  }
  return found;
}

interface Run extends Outcome {
  readonly path: string;
  /** Entries that were there before and are not the same now. */
  readonly lost: readonly string[];
  /** Entries that are new. */
  readonly added: readonly string[];
}

/** Makes something of a path, or returns another one. */
type Make = (path: string, folder: string, inputs: readonly string[]) => unknown;

/** Writes to a path that has been made something of, and says what became of the folder. */
async function attempt(operation: Operation, make: Make, force = false): Promise<Run> {
  const folder = tempFolder();
  const inputs = operation.prepare(folder);
  mkdirSync(join(folder, 'made'));
  mkdirSync(join(folder, 'at'));
  const usual = join(folder, 'at', operation.file);
  const made = await make(usual, folder, inputs);
  const path = typeof made === 'string' ? made : usual;
  const before = everything(folder);
  const outcome = await operation.write(folder, path, force);
  const after = everything(folder);
  return {
    ...outcome,
    path,
    lost: [...before].flatMap(([name, entry]) => (after.get(name) === entry ? [] : [name])),
    added: [...after.keys()].filter((name) => !before.has(name)),
  };
}

const UNTOUCHED = { code: 2, lost: [], added: [] };

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    await new Promise((done) => server.close(done));
  }
});

async function listenAt(path: string): Promise<void> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((done) => server.listen(path, done));
}

describe.each(OPERATIONS)('$name', (operation) => {
  const isForSplit = operation.name.startsWith('split');

  test('none of the inputs is written to, by name or by any link, forced or not', async () => {
    const count = operation.prepare(tempFolder()).length;
    for (let i = 0; i < count; i++) {
      const links: Make[] = [
        (path, _, inputs) => symlinkSync(inputs[i] ?? '', path),
        (path, _, inputs) => linkSync(inputs[i] ?? '', path),
        // What a split writes has names of its own, and a plot's ends in .svg.
        ...(isForSplit || operation.file.endsWith('.svg') ? [] : [(...[, , inputs]: Parameters<Make>) => inputs[i]]),
      ];
      for (const [which, make] of links.entries()) {
        for (const force of which === 0 ? [false, true] : [true]) {
          const done = await attempt(operation, make, force);
          expect({ i, which, ...done }).toMatchObject({ i, which, ...UNTOUCHED });
          expect(done.message).toMatch(/is both source and output/);
        }
      }
    }
  });

  test('a text stays, unless forced', async () => {
    const make = (path: string) => writeFileSync(path, 'Dear diary');
    const { message, ...done } = await attempt(operation, make);
    expect(done).toMatchObject(UNTOUCHED);
    expect(message).toMatch(/exists already.*--force/);
    const forced = await attempt(operation, make, true);
    expect(forced).toMatchObject({ code: 0, lost: [`at/${operation.file}`] });
    expect(forced.replaced ?? true).toBe(true);
  });

  test(`an earlier file of the same kind ${operation.earlier ? 'is replaced, and that is said' : 'stays'}`, async () => {
    const done = await attempt(operation, (path) => writeFileSync(path, operation.earlier ?? 'GGUF'));
    if (operation.earlier) {
      expect(done).toMatchObject({ code: 0, lost: [`at/${operation.file}`] });
      expect(done.replaced ?? true).toBe(true);
    } else {
      expect(done).toMatchObject(UNTOUCHED);
    }
  });

  test.each<[string, Make]>([
    ['a folder', (path) => void mkdirSync(path)],
    ['a FIFO', (path) => void execFileSync('mkfifo', [path])],
    ['a socket', listenAt],
  ])('%s stays, forced or not', async (what, make) => {
    // Into a folder go files under names of their own.
    const takesFolders = /^(convert|quantize|merge) (--out|OUT)/.test(operation.name);
    for (const force of what === 'a folder' && takesFolders ? [] : [false, true]) {
      const done = await attempt(operation, make, force);
      expect(done).toMatchObject(UNTOUCHED);
      expect(done.message).toMatch(new RegExp(` is ${what}`));
    }
    if (what === 'a folder' && takesFolders) {
      const { code, lost, path } = await attempt(operation, make);
      expect({ code, lost, files: readdirSync(path).length }).toEqual({ code: 0, lost: [], files: 1 });
    }
  });

  test('a folder that is missing is made', async () => {
    const done = await attempt(operation, (_, folder) => join(folder, 'new/deep', operation.file));
    expect(done).toMatchObject({ code: 0, lost: [] });
    expect(readFileSync(done.path).length).toBeGreaterThan(0);
  });

  test('a folder that nothing can be written to: exit code 6, and nothing is left', async () => {
    if (!existsSync('/proc/self')) {
      console.warn('Not tested: there is no /proc, which refuses even the superuser.');
      return;
    }
    const done = await attempt(operation, () => `/proc/nowhere/${operation.file}`);
    expect(done).toMatchObject({ ...UNTOUCHED, code: 6 });
  });

  test('links stay, and what they lead to is written', async () => {
    const empty = await attempt(operation, (path, folder) => {
      writeFileSync(join(folder, 'target'), '');
      symlinkSync('../target', path);
    });
    if (operation.earlier) {
      expect(empty).toMatchObject({ code: 0, lost: ['target'] });
      expect(statSync(empty.path).size).toBeGreaterThan(0);
    } else {
      expect(empty).toMatchObject(UNTOUCHED);
    }
    const dangling = await attempt(operation, (path) => symlinkSync('../away/target', path));
    expect(dangling).toMatchObject({ code: 0, lost: [] });
    expect(dangling.added).toContain('away/target');
    expect(lstatSync(dangling.path).isSymbolicLink()).toBe(true);
  });

  test('a link that leads to itself', async () => {
    const done = await attempt(operation, (path) => {
      symlinkSync('other', path);
      symlinkSync(operation.file, join(path, '../other'));
    });
    expect(done).toMatchObject(UNTOUCHED);
  });
});

test.each<[string, (model: string, path: string) => string[]]>([
  ['--outfile', (_, path) => [tinyVerse, '--vocab-only', '--outfile', path]],
  ['quantize SOURCE OUT TYPE', (model, path) => ['quantize', model, path, 'q8_0']],
  ['split --out', (model, path) => ['split', model, '--split-max-tensors', '1', '--out', path.replace(/-0.*/, '')]],
  ['imatrix --out, the model run', (model, path) => ['imatrix', model, '--chunks', '1', '--out', path]],
  ['imatrix --legacy --out', (model, path) => ['imatrix', model, '--legacy', '--out', path]],
  ['edit --out', (model, path) => ['edit', model, '--set', 'general.name=b', '--out', path]],
])('%s: exit code 2 where there is a text', async (_, args) => {
  const folder = tempFolder();
  const path = join(folder, 'a-00001-of-00002.gguf');
  writeFileSync(join(folder, 'm.gguf'), modelBytes());
  writeFileSync(path, 'Dear diary');
  const before = everything(folder);
  const { code, err } = await run(args(join(folder, 'm.gguf'), path));
  expect(err).toMatch(/a-00001-of-00002\.gguf exists already and is no .*--force/);
  expect(code).toBe(2);
  expect(everything(folder)).toEqual(before);
});

test('an empty --out: exit code 2, before the source is looked for', async () => {
  const { code, err } = await run(['org/model', '--out', '']);
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('--out is empty') });
});

test('what is wrong with an output is known before any host is asked', async () => {
  const folder = tempFolder();
  const path = join(folder, 'notes.gguf');
  writeFileSync(path, 'Dear diary');
  const asked: string[] = [];
  const fetch = async (input: unknown): Promise<Response> => {
    asked.push(String(input));
    throw new Error('no network');
  };
  for (const work of [
    convert({ source: 'org/model', output: path, fetch }),
    convert({ source: 'org/model', targetSize: '1M', output: path, fetch }),
    convert({ source: 'org/model', quant: ['q4_0', 'q8_0'], output: join(folder, 'new.gguf'), fetch }),
    convert({ source: 'org/model', quant: 'iq2_xs', imatrix: 'auto', output: path, fetch }),
    quantize({ source: 'org/model:file.gguf', quant: 'q8_0', check: true, output: path, fetch }),
    merge({ source: 'org/model:file-00001-of-00002.gguf', output: path, fetch }),
    imatrix({ source: 'org/model', output: path, fetch }),
  ]) {
    await expect(finish<object, object>(work)).rejects.toMatchObject({
      name: expect.stringMatching(/^Output(Exists|Name)Error$/),
      exitCode: 2,
    });
  }
  expect(asked).toEqual([]);
});

test('a name without .gguf that does not exist is a folder', async () => {
  const folder = tempFolder();
  const { code, out } = await run([tinyVerse, '--vocab-only', '--out', join(folder, 'ggufs')]);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('/ggufs/Tiny-Verse-vocab.gguf  ') });
});

test('the plan says where files go and what they replace; so does the result', async () => {
  const folder = tempFolder();
  const args = [tinyVerse, '--outtype', 'f16', '--out', join(folder, 'new/m.gguf')];
  const path = join(folder, 'new/m.gguf');
  const planned = async () => JSON.parse((await run([...args, '--dry-run', '--json'])).out).files;
  expect(await planned()).toMatchObject([{ path, replaces: false }]);
  const first = await run(args);
  expect(first.err).toMatch(new RegExp(`^${path}: 3\\.9\\d MiB, 29 tensors$`, 'm'));
  expect(first.out).not.toMatch(/replaced/);
  expect(await planned()).toMatchObject([{ path, replaces: true }]);
  expect((await run([...args, '--dry-run'])).out).toMatch(
    /m\.gguf: .* bits per weight, .*, replaces the file that is there$/m,
  );
  expect((await run(args)).out).toMatch(/m\.gguf {2}3\.9\d MiB .* {2}replaced\n$/);
});

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cli, fixtures } from '../paths.js';
import { syntheticModel } from '../synthetic-model.js';
import { tempFolder } from '../temp.js';

const tiny = join(fixtures, 'Tiny-Verse-2M');
/** 506 small tensors. */
const SIZES = { width: 32, feedForward: 64, layers: 56 };
/** Bytes of them all as float32. */
const DATA_BYTES = 4 * (1024 * 32 + 56 * (4 * 32 * 32 + 3 * 32 * 64 + 2 * 32) + 32);

/** Runs a command in a shell that first sets a limit of open files. */
function limited(limit: number, args: readonly string[]) {
  const script = `ulimit -n ${limit} && exec "$0" "$@"`;
  const shell = spawnSync('/bin/sh', ['-c', script, process.execPath, cli, ...args, '--jobs', '2'], {
    encoding: 'utf8',
  });
  return { status: shell.status, stderr: shell.stderr };
}

function convert(limit: number, source: string, out: string) {
  return limited(limit, [source, '--outtype', 'f32', '--out', out]);
}

test('a model of more shards than a process may open files converts to the bytes that one file gives', () => {
  const folder = tempFolder();
  const sharded = syntheticModel(join(folder, 'a'), SIZES, true);
  const [one, many, few] = ['one', 'many', 'few'].map((name) => join(folder, `${name}.gguf`)) as [
    string,
    string,
    string,
  ];
  expect(convert(1024, syntheticModel(join(folder, 'b'), SIZES), one)).toMatchObject({ status: 0 });
  expect(convert(256, sharded, many)).toMatchObject({ status: 0 });
  expect(convert(128, sharded, few)).toMatchObject({ status: 0 });
  expect(readFileSync(many).equals(readFileSync(one))).toBe(true);
  expect(readFileSync(few).equals(readFileSync(one))).toBe(true);
}, 60_000);

test('parts that need more files open at once than there may be: the error names the limit, and nothing is left', () => {
  const folder = tempFolder();
  const whole = join(folder, 'whole.gguf');
  expect(convert(1024, tiny, whole)).toMatchObject({ status: 0 });
  const args = ['split', whole, join(folder, 'part'), '--split-max-tensors', '1'];
  const { status, stderr } = limited(36, args);
  expect(stderr).toContain(
    'No more files can be opened: the limit of file descriptors is reached. Raise it with `ulimit -n',
  );
  expect({ status, files: readdirSync(folder) }).toEqual({ status: 6, files: ['whole.gguf'] });
});

test('a GGUF file of more parts than a process may open files is merged and run', () => {
  const folder = tempFolder();
  const [whole, parts, merged] = ['whole.gguf', 'parts', 'merged.gguf'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  expect(convert(1024, syntheticModel(folder, SIZES), whole)).toMatchObject({ status: 0 });
  mkdirSync(parts);
  expect(limited(1024, ['split', whole, join(parts, 'part'), '--split-max-tensors', '1'])).toMatchObject({ status: 0 });
  const first = join(parts, 'part-00001-of-00506.gguf');
  expect(limited(128, ['merge', first, merged])).toMatchObject({ status: 0 });
  // All parts are mapped.
  expect(limited(128, ['check', first, '--chunks', '1', '--ctx', '32'])).toMatchObject({ status: 0 });
  // llama-gguf-split leaves the header's keys of the parts; the tensors' bytes are those before the split.
  const data = readFileSync(whole).subarray(-DATA_BYTES);
  expect(readFileSync(merged).subarray(-DATA_BYTES).equals(data)).toBe(true);
}, 60_000);

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { renderInspection } from '#src/cli/inspect-table.js';
import { InterruptedError, SourceError, UsageError } from '#src/errors.js';
import { type Inspection, inspect } from '#src/gguf-files/inspect.js';
import { cli, fixtures } from '../paths.js';

const FILE = join(fixtures, 'gguf', 'little-endian.bin');
const run = promisify(execFile);

test('a file, and the same file in a repository', async () => {
  const file = await inspect({ source: FILE });
  expect(file.tensors.map(({ name }) => name)).toEqual(['t.f32', 't.f16', 't.q8_0', 't.i32']);
  expect(file.kv.find(([key]) => key === 'a.u64')?.[1]).toEqual({ type: 'u64', value: 18446744073709551615n });
  const source = `${join(fixtures, 'gguf')}:little-endian.bin`;
  expect(await inspect({ source })).toEqual({ ...file, source });
});

test('values without their types', async () => {
  const file = await inspect({ source: FILE });
  expect(file.get('a.u64')).toBe(18446744073709551615n);
  expect(file.get('a.string')).toBe('Grüße 🐉\n');
  expect(file.get('b.string')).toEqual(['', 'x', 'é']);
  expect(file.get('b.i32')).toEqual([-7, 8]);
  expect(file.get('nothing')).toBeUndefined();
  expect(structuredClone(file)).toEqual(file);
});

test('what is no file says so', async () => {
  await expect(inspect({ source: 'no/such.gguf' })).rejects.toThrow(SourceError);
  await expect(inspect({ source: 'no/such.gguf' })).rejects.toThrow('no/such.gguf does not exist');
  await expect(inspect({ source: `${fixtures}:no.gguf` })).rejects.toThrow('has no file no.gguf');
  await expect(inspect({ source: fixtures })).rejects.toThrow('is not a file');
  await expect(inspect({ source: 'nothing' })).rejects.toThrow(UsageError);
});

test('an AbortSignal ends it', async () => {
  await expect(inspect({ source: FILE, signal: AbortSignal.abort() })).rejects.toThrow(InterruptedError);
});

test('as a table', async () => {
  const lines = renderInspection(await inspect({ source: FILE })).split('\n');
  expect(lines[0]).toContain('GGUF version 3, 1.44 KiB, 24 keys, 4 tensors, 275 weights, 9.83 bits per weight');
  const words = lines.map((line) => line.split(/ {2,}/));
  expect(words).toContainEqual(['a.f32', 'f32', '0.1']);
  expect(words).toContainEqual(['a.u64', 'u64', '18446744073709551615']);
  expect(words).toContainEqual(['a.string', 'string', 'Grüße 🐉\\n']);
  expect(words).toContainEqual(['b.string', 'string[3]', '["", "x", "é"]']);
  expect(words).toContainEqual(['t.q8_0', 'Q8_0', '64 × 4', '272 B', '1088']);
  expect(words).toContainEqual(['Q8_0', '1', '256', '272 B', '8.50']);
});

test('a part of a split file says which it is', async () => {
  const file = await inspect({ source: FILE });
  const split: Inspection['kv'] = [
    ['split.no', { type: 'u16', value: 1 }],
    ['split.count', { type: 'u16', value: 3 }],
    ['split.tensors.count', { type: 'i32', value: 31 }],
  ];
  const [headline] = renderInspection({ ...file, kv: split }).split('\n');
  expect(headline).toMatch(/bits per weight; part 2 of 3, together 31 tensors$/);
});

test('a table shows no control characters and no endless values', () => {
  const text = renderInspection({
    source: 'x.gguf',
    version: 3,
    bigEndian: false,
    alignment: 32,
    warnings: [],
    dataEnd: 0,
    kv: [
      ['evil\u001b[2J', { type: 'string', value: `\u001b]0;title\u0007${'a'.repeat(100_000)}` }],
      ['long', { type: 'array', of: 'i32', value: new Int32Array(1_000_000) }],
    ],
    tensors: [{ name: 'also\u009bevil', type: 'F32', ne: [1], offset: 0, size: 4 }],
    dataOffset: 0,
    size: 4,
  });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  expect(text).toContain('i32[1000000]');
  expect(text.length).toBeLessThan(1000);
});

test('as JSON from the command line', async () => {
  const { stdout } = await run('node', [cli, 'inspect', FILE, '--json']);
  const file = JSON.parse(stdout);
  const kv = Object.fromEntries(file.kv);
  expect(kv['a.u64']).toEqual({ type: 'u64', value: '18446744073709551615' });
  expect(kv['b.i32']).toEqual({ type: 'array', of: 'i32', value: [-7, 8] });
  expect(file.tensors[0]).toEqual({ name: 't.f32', type: 'F32', ne: [3, 2], offset: 960, size: 24 });
});

test('a broken file ends the command with exit code 4 and a sentence', async () => {
  const failure = await run('node', [cli, 'inspect', join(fixtures, 'metadata/cases.json')]).catch((error) => error);
  expect(failure.code).toBe(4);
  expect(failure.stderr).toMatch(/^hf2gguf: .*cases\.json is no GGUF file.*\n$/);
});

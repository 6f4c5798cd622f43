import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readImatrix } from '#src/quantize/imatrix/read.js';
import { openFile } from '#src/repo/open-file.js';
import { fixtures } from '../../paths.js';
import { imatrixGguf, int32, legacy, legacyEntry, read, sized } from './kit.js';

const folder = join(fixtures, 'imatrix');

async function readFixture(name: string) {
  const source = await openFile(join(folder, name));
  return readImatrix(source, name).finally(() => source.close());
}

describe('files of llama-imatrix', () => {
  const expected = JSON.parse(readFileSync(join(folder, 'values.json'), 'utf8'));

  test.each([
    ['imatrix.gguf', 'gguf', ['text.txt'], 6],
    ['imatrix.dat', 'legacy', ['legacy/text.txt'], 6],
  ] as const)('%s', async (file, format, datasets, chunks) => {
    const { entries, ...rest } = await readFixture(file);
    expect(rest).toEqual({ file, format, datasets, chunks });
    const got = [...entries].map(([name, { values, counts }]) => [
      name,
      { counts, length: values.length, sha256: createHash('sha256').update(values).digest('hex') },
    ]);
    expect(Object.fromEntries(got)).toEqual(expected[format]);
  });
});

describe('GGUF', () => {
  test('each expert has its own count, and one never seen weighs all columns alike', async () => {
    const { entries } = await read(imatrixGguf([{ name: 'e', sums: [1, 2, 5, 7, 0.1, 0.3], counts: [2, 0, 3] }]));
    expect(entries.get('e')).toEqual({
      values: Float32Array.of(0.5, 1, 1, 1, 0.1 / 3, Math.fround(0.3) / 3),
      counts: [2, 0, 3],
    });
  });

  test('big-endian', async () => {
    const { entries, datasets, chunks } = await readFixture('big-endian.gguf');
    expect({ datasets, chunks }).toEqual({ datasets: ['a.txt', 'b.txt'], chunks: 3 });
    expect([...entries]).toEqual([['t.weight', { values: Float32Array.of(0.5, 1, 1.5, 1, 1, 1), counts: [2, 0] }]]);
  });
});

describe('legacy', () => {
  const entry = legacyEntry('w', 4, 1, 2);
  const values = { w: { values: Float32Array.of(0.25, 0.5), counts: [4] } };

  test.each([
    ['nothing after the entries', [], 0, []],
    ['the chunks only', [int32(7)], 7, []],
    ['chunks and dataset', [int32(7), sized('wiki.txt')], 7, ['wiki.txt']],
    ['a dataset without a name', [int32(7), int32(0)], 7, []],
    ['a dataset that ends with 0', [int32(7), sized('a\0b')], 7, ['a']],
    [
      'a dataset that is no UTF-8',
      [int32(7), sized(Buffer.from([0x61, 0xc3, 0xff, 0xc3, 0xa9]))],
      7,
      ['a\udcc3\udcffé'],
    ],
  ] as const)('%s', async (_, trailing, chunks, datasets) => {
    const imatrix = await read(legacy([entry], ...trailing));
    expect({ ...imatrix, entries: Object.fromEntries(imatrix.entries) }).toEqual({
      file: 'imatrix',
      format: 'legacy',
      chunks,
      datasets,
      entries: values,
    });
  });

  test('without calls the values are taken as they are', async () => {
    const { entries } = await read(legacy([legacyEntry('w', 0, 3, 4)]));
    expect(entries.get('w')?.values).toEqual(Float32Array.of(3, 4));
  });

  test('the last of two entries of a name counts', async () => {
    const { entries } = await read(legacy([legacyEntry('w', 1, 9), entry]));
    expect(Object.fromEntries(entries)).toEqual(values);
  });
});

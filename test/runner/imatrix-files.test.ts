import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readImatrixSums } from '#src/quantize/imatrix/read.js';
import { openFile } from '#src/repo/open-file.js';
import { Accumulated, ImatrixMergeError } from '#src/runner/imatrix/accumulate.js';
import { encodeGgufImatrix, encodeLegacyImatrix, LegacyRangeError } from '#src/runner/imatrix/encode.js';
import { fixtures } from '../paths.js';

const folder = join(fixtures, 'imatrix');

async function sums(name: string) {
  const source = await openFile(join(folder, name));
  return readImatrixSums(source).finally(() => source.close());
}

/** The chunk size that the file was made with. */
const CHUNK = 64;

describe("llama-imatrix's own file, read and written again", () => {
  test('GGUF', async () => {
    const all = new Accumulated(CHUNK);
    all.addFile(await sums('imatrix.gguf'), 'imatrix.gguf');
    expect(Buffer.concat(encodeGgufImatrix(all.result())).equals(readFileSync(join(folder, 'imatrix.gguf')))).toBe(
      true,
    );
  });

  test('legacy', async () => {
    const all = new Accumulated(CHUNK);
    all.addFile({ ...(await sums('imatrix.gguf')), datasets: ['legacy/text.txt'] }, 'imatrix.gguf');
    expect(Buffer.concat(encodeLegacyImatrix(all.result())).equals(readFileSync(join(folder, 'imatrix.dat')))).toBe(
      true,
    );
  });
});

describe('several are added', () => {
  const file = (counts: number[], ...sums: number[]) => ({
    format: 'gguf' as const,
    datasets: [`${sums}.txt`],
    chunks: 1,
    entries: new Map([['w', { sums: Float32Array.from(sums), counts }]]),
  });
  const merged = (...files: Parameters<Accumulated['addFile']>[0][]) => {
    const all = new Accumulated(4);
    for (const one of files) {
      all.addFile(one, 'b.gguf');
    }
    return all.result();
  };

  test('sums, counts and the names of the texts', () => {
    const { entries, ...rest } = merged(file([4], 1, 2), file([9], 10, 20));
    expect(entries.get('w')).toEqual({ sums: Float32Array.of(11, 22), counts: [13] });
    expect(rest).toEqual({ format: 'gguf', datasets: ['1,2.txt', '10,20.txt'], chunks: 3, chunkSize: 4 });
  });

  test('more than the legacy format can count is an error', () => {
    expect(() => encodeLegacyImatrix(merged(file([4 * 2 ** 31], 1, 2)))).toThrow(LegacyRangeError);
    expect(() => encodeLegacyImatrix({ ...merged(file([4], 1, 2)), chunks: 2 ** 31 })).toThrow(/leave out --legacy/);
  });

  test("one count for all experts is every expert's", () => {
    expect(merged(file([4], 1, 2), file([1, 0], 10, 20)).entries.get('w')?.counts).toEqual([5, 4]);
  });

  test('a call of the legacy format is a chunk', () => {
    const legacy = { ...file([3], 6, 9), format: 'legacy' as const };
    expect(merged(file([4], 1, 2), legacy).entries.get('w')).toEqual({ sums: Float32Array.of(25, 38), counts: [16] });
  });

  test('another size is an error', () => {
    expect(() => merged(file([4], 1, 2), file([4], 1, 2, 3))).toThrow(ImatrixMergeError);
  });
});

import { SourceError } from '#src/errors.js';
import { MalformedGgufError } from '#src/gguf/cursor.js';
import { MalformedImatrixError } from '#src/quantize/imatrix/imatrix.js';
import { readImatrix } from '#src/quantize/imatrix/read.js';
import { NotImatrixError } from '#src/quantize/imatrix/read-legacy.js';
import { byteSource, ggufBytes, u32 } from '../../gguf/byte-file.js';
import { failureOf, floats, imatrixGguf, int32, legacy, legacyEntry, METADATA, sized } from './kit.js';

const ENTRY = { name: 'w', sums: [1, 2, 3, 4], counts: [1, 2] };

/** Where a file may end without being broken. */
async function wholeAt(bytes: Buffer): Promise<number[]> {
  const whole: number[] = [];
  for (let length = 0; length < bytes.length; length++) {
    const failure = await failureOf(bytes.subarray(0, length));
    if (failure === null) {
      whole.push(length);
    } else {
      expect(failure).toBeInstanceOf(SourceError);
    }
  }
  return whole;
}

test('a GGUF file that is cut anywhere is refused', async () => {
  // What pads the last tensor may be missing.
  const bytes = imatrixGguf([ENTRY]);
  expect(await wholeAt(bytes)).toEqual(Array.from({ length: 24 }, (_, i) => bytes.length - 24 + i));
});

test('a legacy file that is cut anywhere but after its entries or chunks is refused', async () => {
  const bytes = legacy([legacyEntry('a', 1, 1), legacyEntry('b', 1, 1, 2)], int32(1), sized('text'));
  expect(await wholeAt(bytes)).toEqual([bytes.length - 12, bytes.length - 8]);
});

test.each([
  ['an empty file', Buffer.alloc(0)],
  ['no entries', int32(0)],
  ['a negative number of entries', int32(-1)],
  ['a huge number of entries', int32(2 ** 31 - 1)],
  ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\n')],
])('no importance matrix: %s', async (_, bytes) => {
  expect(await failureOf(bytes)).toBeInstanceOf(NotImatrixError);
});

const without = (key: string) => METADATA.filter(([name]) => name !== key);

test.each([
  ['a negative name length', Buffer.concat([int32(1), int32(-1)]), /the name of entry 1 of 1 has -1 bytes/],
  ['a huge name length', Buffer.concat([int32(1), int32(2 ** 31 - 1)]), /has 2147483647 bytes/],
  ['no values', Buffer.concat([int32(1), sized('w'), int32(1), int32(0)]), /w, has 0 values/],
  ['a negative number of values', Buffer.concat([int32(1), sized('w'), int32(1), int32(-5)]), /w, has -5 values/],
  [
    'more values than the file holds',
    Buffer.concat([int32(1), sized('w'), int32(1), int32(2 ** 31 - 1), floats(1)]),
    /ends at byte 21, within the values of w/,
  ],
  ['a negative dataset length', legacy([legacyEntry('w', 1, 1)], int32(1), int32(-4)), /dataset's name has -4 bytes/],
  ['GGUF without datasets', imatrixGguf([ENTRY], without('imatrix.datasets')), /lacks imatrix\.datasets/],
  ['GGUF without a chunk count', imatrixGguf([ENTRY], without('imatrix.chunk_count')), /lacks .*chunk_count/],
  ['GGUF without a chunk size', imatrixGguf([ENTRY], without('imatrix.chunk_size')), /lacks .*chunk_size/],
  [
    'a chunk count of another type',
    imatrixGguf([ENTRY], [...without('imatrix.chunk_count'), ['imatrix.chunk_count', 6, floats(1)]]),
    /lacks .*chunk_count/,
  ],
  ['GGUF without entries', imatrixGguf([]), /no entries/],
  [
    'sums without counts',
    ggufBytes({ kv: METADATA, tensors: [{ name: 'w.in_sum2', ne: [2], type: 0, offset: 0 }], dataBytes: 8 }),
    /w lacks sums or counts/,
  ],
  [
    'sums of another type',
    ggufBytes({
      kv: METADATA,
      tensors: [
        { name: 'w.in_sum2', ne: [2], type: 1, offset: 0 },
        { name: 'w.counts', ne: [1], type: 0, offset: 32 },
      ],
      dataBytes: 36,
    }),
    /w lacks sums or counts of type F32/,
  ],
  ['counts that do not divide the sums', imatrixGguf([{ ...ENTRY, sums: [1, 2, 3] }]), /3 sums for 2 counts/],
  ['no counts', imatrixGguf([{ ...ENTRY, counts: [] }]), /4 sums for 0 counts/],
  ['a count that is NaN', imatrixGguf([{ ...ENTRY, counts: [1, Number.NaN] }]), /count NaN/],
  ['a count that is infinite', imatrixGguf([{ ...ENTRY, counts: [1, Number.POSITIVE_INFINITY] }]), /count Infinity/],
])('broken: %s', async (_, bytes, message) => {
  const failure = await failureOf(bytes);
  expect(failure).toBeInstanceOf(MalformedImatrixError);
  expect((failure as Error).message).toMatch(message);
});

test('a tensor that claims more than the file holds is refused before memory is taken for it', async () => {
  const tensors = [{ name: 'w.in_sum2', ne: [2 ** 40], type: 0, offset: 0 }];
  expect(await failureOf(ggufBytes({ kv: METADATA, tensors }))).toBeInstanceOf(MalformedGgufError);
});

test('a file that is larger than any importance matrix is refused before it is read', async () => {
  const { source, reads } = byteSource(u32(1), 2 ** 40);
  await expect(readImatrix(source, 'x')).rejects.toThrow(/more than 4294967296/);
  expect(reads).toEqual([]);
});

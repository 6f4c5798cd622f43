import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SourceError } from '#src/errors.js';
import { GgufVersionError, MalformedGgufError, NotGgufError } from '#src/gguf/cursor.js';
import { KeyValues } from '#src/gguf/key-values.js';
import { readGguf } from '#src/gguf/reader.js';
import { encodeHeader } from '#src/gguf/writer.js';
import { fixtures } from '../paths.js';
import { byteSource, ggufBytes, type Parts, type Tensor, text, u32, u64 } from './byte-file.js';

const read = (bytes: Uint8Array, size?: number) => readGguf(byteSource(bytes, size).source);
const failureOf = (bytes: Uint8Array) =>
  read(bytes).then<null, unknown>(
    () => null,
    (error) => error,
  );
const U32 = 4;
const F32_MATRIX: Tensor = { name: 'a', ne: [4, 2], type: 0, offset: 0 };

describe('a file put together byte by byte', () => {
  const parts: Parts = {
    kv: [
      ['general.architecture', 8, text('llama')],
      ['x', U32, u32(7)],
    ],
    tensors: [F32_MATRIX, { name: 'b', ne: [32, 3], type: 8, offset: 32 }],
    dataBytes: 32 + 3 * 34,
  };

  test.each([2, 3])('version %i', async (version) => {
    const bytes = ggufBytes({ ...parts, version });
    const file = await read(bytes);
    const dataOffset = bytes.length - (parts.dataBytes ?? 0);
    expect({ ...file, kv: [...file.kv.entries()] }).toEqual({
      version,
      bigEndian: false,
      alignment: 32,
      kv: [
        ['general.architecture', { type: 'string', value: 'llama' }],
        ['x', { type: 'u32', value: 7 }],
      ],
      tensors: [
        { name: 'a', type: 'F32', ne: [4, 2], offset: dataOffset, size: 32 },
        { name: 'b', type: 'Q8_0', ne: [32, 3], offset: dataOffset + 32, size: 102 },
      ],
      dataOffset,
      dataEnd: dataOffset + 160,
      size: bytes.length,
    });
  });
});

describe('files that gguf-py wrote', () => {
  // Values as given to gguf-py's GGUFWriter (llama.cpp v0.5.0), in both byte orders.
  test.each(['little', 'big'])('every value type, %s-endian', async (order) => {
    const bytes = readFileSync(join(fixtures, 'gguf', `${order}-endian.bin`));
    const { kv, tensors, ...file } = await read(bytes);
    expect(file).toEqual({
      version: 3,
      bigEndian: order === 'big',
      alignment: 64,
      dataOffset: 960,
      dataEnd: 1472,
      size: 1472,
    });
    const values = [...kv.entries()].map(([key, value]) => [
      key,
      value.type === 'array' ? [value.of, ...Array.from(value.value)] : value.value,
    ]);
    expect(Object.fromEntries(values)).toEqual({
      'general.architecture': 'test',
      'general.alignment': 64,
      'a.u8': 255,
      'a.i8': -128,
      'a.u16': 65535,
      'a.i16': -2,
      'a.u32': 4294967295,
      'a.i32': -3,
      'a.f32': Math.fround(0.1),
      'a.u64': 18446744073709551615n,
      'a.i64': -9007199254740993n,
      'a.f64': 0.1,
      'a.bool': true,
      'a.string': 'Grüße 🐉\n',
      'b.u8': ['u8', 1, 2, 255],
      'b.i16': ['i16', -1, 2],
      'b.u32': ['u32', 7],
      'b.i32': ['i32', -7, 8],
      'b.f32': ['f32', 1.5, -0.25],
      'b.u64': ['u64', 9007199254740993n],
      'b.i64': ['i64', -1n],
      'b.f64': ['f64', 0.1],
      'b.bool': ['bool', true, false],
      'b.string': ['string', '', 'x', 'é'],
    });
    expect(tensors).toEqual([
      { name: 't.f32', type: 'F32', ne: [3, 2], offset: 960, size: 24 },
      { name: 't.f16', type: 'F16', ne: [5], offset: 1024, size: 10 },
      { name: 't.q8_0', type: 'Q8_0', ne: [64, 4], offset: 1088, size: 272 },
      { name: 't.i32', type: 'I32', ne: [2, 2, 2, 1], offset: 1408, size: 32 },
    ]);
  });
});

describe('only the header is read', () => {
  test('of a terabyte file, in a few growing reads', async () => {
    const tokens = Array.from({ length: 200_000 }, (_, i) => `token number ${i}`);
    const kv = new KeyValues().array('tokens', 'string', tokens).u32('last', 1);
    const size = 2 ** 40;
    const header = encodeHeader(kv.entries(), [{ name: 't', type: 'F32', ne: [2 ** 20, 2 ** 17], offset: 0 }]);
    const { source, reads } = byteSource(header, size);
    const file = await readGguf(source);
    expect(file.kv.get('tokens')).toEqual({ type: 'array', of: 'string', value: tokens });
    expect(file.tensors[0]?.size).toBe(2 ** 39);
    expect(reads.length).toBeLessThan(8);
    expect(reads.reduce((end, { offset, length }) => (offset === end ? offset + length : Number.NaN), 0)).toBeLessThan(
      3 * header.length,
    );
  });

  test('a string longer than any window', async () => {
    const long = 'é'.repeat(6_000_000);
    const file = await read(ggufBytes({ kv: [['a', 8, text(long)]] }));
    expect(file.kv.get('a')).toEqual({ type: 'string', value: long });
  });
});

describe('a hostile or broken file', () => {
  const huge = 2n ** 63n;
  const array = (of: number, length: number | bigint, ...items: Buffer[]) =>
    Buffer.concat([u32(of), u64(length), ...items]);
  const withTensor = (tensor: Partial<Tensor>, more: Parts = {}): Parts => ({
    tensors: [{ ...F32_MATRIX, ...tensor }],
    dataBytes: 32,
    ...more,
  });
  const hostile: Record<string, [Parts, RegExp]> = {
    'a tensor count': [{ tensorCount: 2 ** 31 }, /2147483648 tensors/],
    'a tensor count beyond doubles': [{ tensorCount: huge }, /9223372036854775808/],
    'a key count': [{ keyCount: 2 ** 32 }, /4294967296 keys/],
    'a key without a name': [{ kv: [['', U32, u32(1)]] }, /key 1 of 1 is empty/],
    'a key twice': [
      {
        kv: [
          ['x', U32, u32(1)],
          ['x', U32, u32(2)],
        ],
      },
      /the key x stands there twice/,
    ],
    'an unknown value type': [{ kv: [['x', 13, u32(1)]] }, /the value of x has the unknown type 13/],
    'an unknown element type': [{ kv: [['x', 9, array(99, 1)]] }, /unknown type 99/],
    'an array of arrays': [{ kv: [['x', 9, array(9, 1, array(U32, 1, u32(1)))]] }, /x is an array of arrays/],
    'an array without end': [{ kv: [['x', 9, array(U32, 2n ** 40n)]] }, /array of 1099511627776 elements/],
    'an array beyond doubles': [{ kv: [['x', 9, array(U32, huge)]] }, /9223372036854775808/],
    'more strings than there are bytes': [{ kv: [['x', 9, array(8, 2 ** 23, text('a'))]] }, /ends at byte/],
    'more numbers than there are bytes': [
      { kv: [['x', 9, array(12, 2 ** 23)]] },
      /ends at byte \d+, within the value of x/,
    ],
    'a string without end': [{ kv: [['x', 8, u64(2 ** 30)]] }, /the value of x has a string of 1073741824 bytes/],
    'a key without end': [{ kv: [], keyCount: 1, tensors: [], dataBytes: 0 }, /ends at byte 24, within key 1/],
    'a boolean of 2': [{ kv: [['x', 7, Buffer.of(2)]] }, /neither 0 nor 1/],
    'an alignment of 0': [{ kv: [['general.alignment', U32, u32(0)]] }, /general.alignment/],
    'an alignment of 48': [{ kv: [['general.alignment', U32, u32(48)]] }, /general.alignment/],
    'an alignment of another type': [{ kv: [['general.alignment', 10, u64(32)]] }, /general.alignment/],
    'five dimensions': [withTensor({ ne: [1, 1, 1, 1, 1] }), /the tensor a has 5 dimensions/],
    'a dimension beyond doubles': [withTensor({ ne: [huge] }), /9223372036854775808/],
    'more elements than can be counted': [withTensor({ ne: [2 ** 50, 2 ** 50, 2 ** 50, 2 ** 50] }), /elements/],
    'an unknown tensor type': [withTensor({ type: 4 }), /the tensor a has the unknown type 4/],
    'rows that are no blocks': [withTensor({ type: 8, ne: [33] }), /rows of 33/],
    'an offset between alignments': [withTensor({ offset: 4 }), /offset of the tensor a, 4, is no multiple of 32/],
    'an offset outside the file': [withTensor({ offset: 2 ** 40 }), /the tensor a ends at byte/],
    'data that is cut off': [withTensor({}, { dataBytes: 31 }), /the tensor a ends at byte/],
    'a tensor twice': [
      { tensors: [F32_MATRIX, { ...F32_MATRIX, offset: 32 }], dataBytes: 64 },
      /the tensor a stands there twice/,
    ],
    'tensors that overlap': [
      {
        tensors: [
          { ...F32_MATRIX, ne: [9] },
          { ...F32_MATRIX, name: 'b', offset: 32 },
        ],
        dataBytes: 64,
      },
      /the tensors a and b overlap/,
    ],
  };

  test.each(Object.entries(hostile))('%s', async (_what, [parts, message]) => {
    const failure = await failureOf(ggufBytes(parts));
    expect(failure).toBeInstanceOf(MalformedGgufError);
    expect((failure as Error).message).toMatch(message);
    expect((failure as Error).message).toContain('test.gguf');
  });

  test('a header without end is given up', async () => {
    const bytes = array(0, 2 ** 24, Buffer.alloc(2 ** 24));
    const kv = Array.from({ length: 9 }, (_, i) => [`x${i}`, 9, bytes] as const);
    const { source, reads } = byteSource(ggufBytes({ kv }), 2 ** 40);
    await expect(readGguf(source)).rejects.toThrow(MalformedGgufError);
    expect(reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(128 * 2 ** 20);
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['three bytes', Buffer.from('GGU')],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n')],
    ['the older format', Buffer.from('lmgg\u0001\u0000\u0000\u0000')],
  ])('%s is no GGUF file', async (_what, bytes) => {
    await expect(read(bytes)).rejects.toThrow(NotGgufError);
  });

  test.each([0, 1, 4, 0x01000000, 0x04000000, 0xffffffff])('version %i', async (version) => {
    await expect(read(ggufBytes({ version }))).rejects.toThrow(GgufVersionError);
  });
});

describe('what gguf-py wrote, damaged', () => {
  const bytes = readFileSync(join(fixtures, 'gguf', 'little-endian.bin'));
  const HEADER = 960;

  test('cut off anywhere, it is a typed error', async () => {
    // The last tensor ends 32 bytes before the file does, which are padding.
    for (let length = 0; length < 1440; length++) {
      expect(await failureOf(bytes.subarray(0, length))).toBeInstanceOf(SourceError);
    }
  });

  test('with any byte of the header changed, it reads or is a typed error', async () => {
    let refused = 0;
    for (let at = 0; at < HEADER; at++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff, (bytes[at] ?? 0) ^ 1]) {
        const damaged = Buffer.from(bytes);
        damaged[at] = value;
        const failure = await failureOf(damaged);
        if (failure !== null) {
          refused += 1;
          expect(failure).toBeInstanceOf(SourceError);
        }
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});

import { KeyValues } from '#src/gguf/key-values.js';
import type { GgufValue } from '#src/gguf/types.js';
import { BadValueError, encodeHeader } from '#src/gguf/writer.js';

test('the bytes of a small header are those of the format', () => {
  const kv = new KeyValues().u32('a', 1).string('s', 'é').array('l', 'i32', [-1, 2]).u32('a', 7);
  const bytes = Buffer.from(encodeHeader(kv.entries(), [{ name: 't', type: 'Q8_0', ne: [32, 2], offset: 64 }]));
  const u32 = (n: number) => Buffer.from(Uint32Array.of(n).buffer);
  const u64 = (n: number) => Buffer.from(BigUint64Array.of(BigInt(n)).buffer);
  const text = (s: string) => Buffer.concat([u64(Buffer.byteLength(s)), Buffer.from(s)]);
  const want = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(1),
    u64(3),
    text('a'),
    u32(4),
    u32(7),
    text('s'),
    u32(8),
    text('é'),
    text('l'),
    u32(9),
    u32(5),
    u64(2),
    u32(0xffffffff),
    u32(2),
    text('t'),
    u32(2),
    u64(32),
    u64(2),
    u32(8),
    u64(64),
  ]);
  expect(bytes.subarray(0, want.length).toString('hex')).toBe(want.toString('hex'));
  expect(bytes.length).toBe(Math.ceil(want.length / 32) * 32);
  expect(bytes.subarray(want.length).every((byte) => byte === 0)).toBe(true);
});

test('without tensors nothing is padded', () => {
  expect(encodeHeader([], []).length).toBe(24);
});

const values: [string, GgufValue, string][] = [
  ['u8', { type: 'u8', value: 255 }, 'ff'],
  ['i8', { type: 'i8', value: -128 }, '80'],
  ['u16', { type: 'u16', value: 65535 }, 'ffff'],
  ['i16', { type: 'i16', value: -2 }, 'feff'],
  ['i32', { type: 'i32', value: -1 }, 'ffffffff'],
  ['u64', { type: 'u64', value: 2n ** 64n - 1n }, 'ffffffffffffffff'],
  ['i64', { type: 'i64', value: -(2n ** 63n) }, '0000000000000080'],
  ['f32', { type: 'f32', value: 1e-5 }, 'acc52737'],
  ['f64', { type: 'f64', value: -2 }, '00000000000000c0'],
  ['bool', { type: 'bool', value: true }, '01'],
];

test.each(values)('a %s is written as it is stored', (_, value, hex) => {
  const bytes = Buffer.from(encodeHeader([['k', value]], []));
  expect(bytes.subarray(24 + 9 + 4).toString('hex')).toBe(hex);
});

test.each<[string, GgufValue]>([
  ['a negative u32', { type: 'u32', value: -1 }],
  ['a fraction as u32', { type: 'u32', value: 1.5 }],
  ['a u32 of 33 bits', { type: 'u32', value: 2 ** 32 }],
  ['a bool as u32', { type: 'u32', value: true }],
  ['a number as string', { type: 'string', value: 3 }],
  ['a float beyond float32', { type: 'f32', value: 1e300 }],
  ['a string in a list of i32', { type: 'array', of: 'i32', value: [1, 'x'] }],
])('%s is refused with the key in the message', (_, value) => {
  expect(() => encodeHeader([['llama.block_count', value]], [])).toThrow(BadValueError);
  expect(() => encodeHeader([['llama.block_count', value]], [])).toThrow(/llama\.block_count/);
});

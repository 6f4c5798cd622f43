import { UsageError } from '#src/errors.js';
import { parseAssignment } from '#src/files/assignments.js';
import type { GgufValue } from '#src/gguf/types.js';

const PRESENT: Record<string, GgufValue> = {
  'a.u32': { type: 'u32', value: 1 },
  'a.u64': { type: 'u64', value: 1n },
  'a.f32': { type: 'f32', value: 1 },
  'a.bool': { type: 'bool', value: true },
  'a.string': { type: 'string', value: 'x' },
  'a.i32s': { type: 'array', of: 'i32', value: Int32Array.of(1) },
  'a.u64s': { type: 'array', of: 'u64', value: BigUint64Array.of(1n) },
  'a.strings': { type: 'array', of: 'string', value: ['x'] },
};
const parse = (text: string) => parseAssignment(text, (key) => PRESENT[key]);

test.each<[string, GgufValue]>([
  ['a.u32=7', { type: 'u32', value: 7 }],
  ['a.u64=18446744073709551615', { type: 'u64', value: 18446744073709551615n }],
  ['a.f32=0.1', { type: 'f32', value: Math.fround(0.1) }],
  ['a.f32=5', { type: 'f32', value: 5 }],
  ['a.f32=-Infinity', { type: 'f32', value: Number.NEGATIVE_INFINITY }],
  ['a.bool=false', { type: 'bool', value: false }],
  ['a.string=7', { type: 'string', value: '7' }],
  ['a.string=a=b, c:d', { type: 'string', value: 'a=b, c:d' }],
  ['a.string=[1]', { type: 'string', value: '[1]' }],
  ['a.string=', { type: 'string', value: '' }],
  ['a.i32s=[-1, 2]', { type: 'array', of: 'i32', value: [-1, 2] }],
  ['a.i32s=[]', { type: 'array', of: 'i32', value: [] }],
  ['a.u64s=["18446744073709551615", 2]', { type: 'array', of: 'u64', value: [18446744073709551615n, 2n] }],
  ['a.strings=["1", "é"]', { type: 'array', of: 'string', value: ['1', 'é'] }],
])('%s keeps the type of the key', (text, value) => {
  expect(parse(text)).toEqual({ key: text.slice(0, text.indexOf('=')), value });
});

test.each<[string, GgufValue]>([
  ['a.u32=i8:-7', { type: 'i8', value: -7 }],
  ['a.string=string:u32:5', { type: 'string', value: 'u32:5' }],
  ['new=f64:0.1', { type: 'f64', value: 0.1 }],
  ['new=u8[]:[1, 255]', { type: 'array', of: 'u8', value: [1, 255] }],
  ['new=string[]:[]', { type: 'array', of: 'string', value: [] }],
  ['new=f32[]:["NaN", 0.5]', { type: 'array', of: 'f32', value: [Number.NaN, 0.5] }],
])('%s gives the type', (text, value) => {
  expect(parse(text).value).toEqual(value);
});

test.each<[string, GgufValue]>([
  ['new=true', { type: 'bool', value: true }],
  ['new=4294967295', { type: 'u32', value: 4294967295 }],
  ['new=-1', { type: 'i32', value: -1 }],
  ['new=4294967296', { type: 'u64', value: 4294967296n }],
  ['new=-9007199254740993', { type: 'i64', value: -9007199254740993n }],
  ['new=1e-5', { type: 'f32', value: Math.fround(1e-5) }],
  ['new=1.2.3', { type: 'string', value: '1.2.3' }],
  ['new=[INST] {{ x }}', { type: 'string', value: '[INST] {{ x }}' }],
  ['new=[1, 2]', { type: 'array', of: 'i32', value: [1, 2] }],
  ['new=[1, 4294967296]', { type: 'array', of: 'i64', value: [1n, 4294967296n] }],
  ['new=[1, 0.5]', { type: 'array', of: 'f32', value: [1, 0.5] }],
  ['new=["a"]', { type: 'array', of: 'string', value: ['a'] }],
  ['new=[true]', { type: 'array', of: 'bool', value: [true] }],
])('%s: the type of a new key is guessed', (text, value) => {
  expect(parse(text).value).toEqual(value);
});

test.each([
  ['a.u32', 'there is no key before a ='],
  ['=1', 'there is no key before a ='],
  ['a.u32=-1', 'the value is no u32'],
  ['a.u32=1.0', 'the value is no u32'],
  ['a.u32=', 'the value is no u32'],
  ['a.u32=4294967296', 'the value is no u32'],
  ['a.u64=18446744073709551616', 'the value is no u64'],
  ['a.f32=1e39', 'the value is no f32'],
  ['a.f32=0x10', 'the value is no f32'],
  ['a.bool=1', 'the value is no bool'],
  ['a.i32s=3', 'the value is no i32[]'],
  ['a.i32s=[1, "x"]', 'the value is no i32[]'],
  ['a.i32s=[[1]]', 'the value is no i32[]'],
  ['a.u64s=[18446744073709551615]', 'the value is no u64[]'],
  ['a.strings=[1]', 'the value is no string[]'],
  ['new=u8:256', 'the value is no u8'],
  ['new=[]', 'the value is no list of values of one type'],
  ['new=[1, "x"]', 'the value is no list of values of one type'],
  ['new=[null]', 'the value is no list of values of one type'],
])('%s is refused', (text, what) => {
  expect(() => parse(text)).toThrow(UsageError);
  expect(() => parse(text)).toThrow(what);
});

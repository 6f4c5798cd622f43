import { KeyValues } from '#src/gguf/key-values.js';
import { applyKvOverrides, KvOverrideError, overriddenForLoading, parseKvOverride } from '#src/quantize/override-kv.js';

const parseAll = (...texts: string[]) => texts.map(parseKvOverride);

describe('parsing', () => {
  test.each([
    ['a.b=int:-5', 'int', -5],
    ['a.b=int:+4294967295', 'int', 4294967295],
    ['a.b=float:0.1', 'float', Math.fround(0.1)],
    ['a.b=float:-1e-3', 'float', Math.fround(-1e-3)],
    ['a.b=float:10000', 'float', 10000],
    ['a.b=bool:true', 'bool', true],
    ['a.b=bool:false', 'bool', false],
    ['a.b=str:x=y:z\nw', 'str', 'x=y:z\nw'],
    ['a.b=str:', 'str', ''],
    [`a.b=str:${'é'.repeat(63)}x`, 'str', `${'é'.repeat(63)}x`],
  ])('%j', (text, type, value) => {
    expect(parseKvOverride(text)).toEqual({ key: 'a.b', type, value });
  });

  test.each([
    '',
    'a.b',
    'a.b=5',
    '=int:5',
    'a.b=uint:5',
    'a.b=INT:5',
    'a.b=int:',
    'a.b=int:abc',
    'a.b=int:1.5',
    'a.b=int:4294967296',
    'a.b=float:x',
    'a.b=float:1e39',
    'a.b=bool:1',
    'a.b=bool:True',
    `a.b=str:${'é'.repeat(64)}`,
    `${'k'.repeat(128)}=int:1`,
    'general.alignment=int:64',
  ])('refused: %j', (text) => {
    expect(() => parseKvOverride(text)).toThrow(KvOverrideError);
  });

  test('a key of 127 bytes is taken', () => {
    expect(parseKvOverride(`${'k'.repeat(127)}=int:1`).key).toHaveLength(127);
  });
});

const source = new KeyValues()
  .string('general.architecture', 'llama')
  .u32('llama.block_count', 32)
  .u32('llama.attention.head_count', 8)
  .array('llama.feed_forward_length', 'u32', [1, 2])
  .f32('llama.rope.freq_base', 10000);

test('what is written: at the end, in the order given, the last of a key', () => {
  const kv = applyKvOverrides(
    source,
    parseAll('llama.block_count=int:-3', 'x=bool:true', 'llama.block_count=int:4', 'general.architecture=str:qwen2'),
  );
  expect([...kv.entries()].slice(2)).toEqual([
    ['llama.rope.freq_base', { type: 'f32', value: 10000 }],
    ['x', { type: 'bool', value: true }],
    ['llama.block_count', { type: 'u32', value: 4 }],
    ['general.architecture', { type: 'string', value: 'qwen2' }],
  ]);
  expect(source.get('llama.block_count')?.value).toBe(32);
});

// GGUFMeta::GKV::set and get_key_or_arr of src/llama-model-loader.cpp.
test.each([
  ['the first of a key counts', ['llama.block_count=int:3', 'llama.block_count=int:4'], 'llama.block_count', 3],
  ['another type is not seen', ['llama.block_count=float:3'], 'llama.block_count', 32],
  [
    'the first hides the second even if it is not seen',
    ['llama.block_count=str:3', 'llama.block_count=int:4'],
    'llama.block_count',
    32,
  ],
  ['a key that was missing', ['llama.expert_count=int:8'], 'llama.expert_count', 8],
  ['a key that was missing, of another type', ['llama.expert_count=float:8'], 'llama.expert_count', undefined],
  ['a scalar that may be a list', ['llama.attention.head_count=int:4'], 'llama.attention.head_count', 4],
  ['a list is not overridden', ['llama.feed_forward_length=int:4'], 'llama.feed_forward_length', [1, 2]],
  [
    'nor is a missing key that may be a list',
    ['llama.attention.head_count_kv=int:4'],
    'llama.attention.head_count_kv',
    undefined,
  ],
  ['negative numbers wrap around', ['llama.block_count=int:-1'], 'llama.block_count', 4294967295],
])('what is loaded: %s', (_, texts, key, value) => {
  expect(overriddenForLoading(source, parseAll(...texts)).get(key)?.value).toEqual(value);
});

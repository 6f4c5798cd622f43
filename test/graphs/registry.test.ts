import { ARCHITECTURES } from '#src/archs/registry.js';
import { plan } from '#src/calls/convert.js';
import { SourceError, UnsupportedError } from '#src/errors.js';
import { KeyValues } from '#src/gguf/key-values.js';
import type { GgufValue } from '#src/gguf/types.js';
import type { Rope } from '#src/graphs/operators/rope.js';
import type { GraphOperator } from '#src/graphs/operators/table.js';
import { buildGraph, GRAPHS, NoGraphError } from '#src/graphs/registry.js';
import { fixtures } from '../paths.js';
import { readCase } from '../runner/logits.js';

interface Shape {
  readonly name: string;
  readonly ne: readonly number[];
}

interface Parts {
  readonly kv: KeyValues;
  readonly tensors: readonly Shape[];
}

/** The key-values and tensors of a two-block Llama, with some keys set or taken away. */
async function tinyLlama(changes: Readonly<Record<string, GgufValue | null>> = {}): Promise<Parts> {
  const { files } = await plan({ source: readCase(fixtures, 'llama-2').source, outtype: 'f32' });
  const kv = new KeyValues();
  for (const [key, value] of files[0]?.kv ?? []) {
    kv.set(key, value);
  }
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) {
      kv.delete(key);
    } else {
      kv.set(key, value);
    }
  }
  return { kv, tensors: files[0]?.tensors ?? [] };
}

function build({ kv, tensors }: Parts) {
  return buildGraph(kv, tensors);
}

function ropes(operators: readonly GraphOperator[]): Rope[] {
  return operators.flatMap((operator) => (operator.op === 'rope' ? [operator.rope] : []));
}

const u32 = (value: number): GgufValue => ({ type: 'u32', value });
const f32 = (value: number): GgufValue => ({ type: 'f32', value });
const text = (value: string): GgufValue => ({ type: 'string', value });

test('an architecture without a graph: the error names those that have one', async () => {
  const parts = await tinyLlama({ 'general.architecture': text('mamba') });
  expect(() => build(parts)).toThrow(NoGraphError);
  expect(() => build(parts)).toThrow(/"mamba".*llama, mistral3, qwen2, qwen3, smollm3/);
});

test('what can be run can be converted', () => {
  const converted = new Set(ARCHITECTURES.map(({ gguf }) => gguf));
  expect(GRAPHS.filter(({ architecture }) => !converted.has(architecture))).toEqual([]);
});

test('an encoder is refused', async () => {
  const parts = await tinyLlama({ 'llama.attention.causal': { type: 'bool', value: false } });
  expect(() => build(parts)).toThrow(/encoder/);
});

test('a tensor that nothing is computed with is refused, and so is one that is missing', async () => {
  const { kv, tensors } = await tinyLlama();
  const fused = [...tensors, { name: 'blk.0.attn_qkv.weight', ne: [64, 128] }];
  expect(() => buildGraph(kv, fused)).toThrow(UnsupportedError);
  expect(() => buildGraph(kv, fused)).toThrow(/blk\.0\.attn_qkv\.weight/);
  const without = tensors.filter(({ name }) => name !== 'blk.1.ffn_up.weight');
  expect(() => buildGraph(kv, without)).toThrow(SourceError);
  expect(() => buildGraph(kv, without)).toThrow(/blk\.1\.ffn_up\.weight/);
});

test.each<[string, GgufValue | null]>([
  ['block_count', null],
  ['block_count', u32(0)],
  ['block_count', u32(1000)],
  ['block_count', { type: 'i64', value: -(2n ** 60n) }],
  ['block_count', text('2')],
  ['attention.head_count', u32(0)],
  ['attention.head_count', { type: 'array', of: 'u32', value: [4, 2] }],
  ['attention.head_count_kv', u32(0)],
  ['attention.layer_norm_rms_epsilon', null],
  ['attention.layer_norm_rms_epsilon', f32(Number.NaN)],
  ['context_length', null],
  ['rope.freq_base', text('10000')],
  ['rope.dimension_count', { type: 'f32', value: 1.5 }],
  ['rope.scaling.type', text('spiral')],
])('llama.%s as %j is refused', async (key, value) => {
  const parts = await tinyLlama({ [`llama.${key}`]: value });
  expect(() => build(parts)).toThrow(SourceError);
  expect(() => build(parts)).toThrow(new RegExp(`llama\\.${key.replaceAll('.', '\\.')}`));
});

test('a list with the same count for each block is that count', async () => {
  const { value: heads } = (await tinyLlama()).kv.get('llama.attention.head_count') ?? u32(0);
  const list = { type: 'array', of: 'u32', value: [Number(heads), Number(heads)] } as const;
  expect(build(await tinyLlama({ 'llama.attention.head_count': list }))).toEqual(build(await tinyLlama()));
});

test('more blocks than the file has tensors for: the first missing one is named', async () => {
  const parts = await tinyLlama({ 'llama.block_count': u32(3) });
  expect(() => build(parts)).toThrow(/blk\.2\.attn_norm\.weight/);
});

test('linear scaling divides positions by its factor, also under its older key; "none" does not', async () => {
  const scale = async (changes: Readonly<Record<string, GgufValue>>) =>
    ropes(build(await tinyLlama(changes)).operators)[0]?.scale;
  expect(await scale({})).toBe(1);
  expect(await scale({ 'llama.rope.scaling.type': text('linear'), 'llama.rope.scaling.factor': f32(4) })).toBe(0.25);
  expect(await scale({ 'llama.rope.scale_linear': f32(8) })).toBe(0.125);
  expect(await scale({ 'llama.rope.scaling.type': text('none'), 'llama.rope.scaling.factor': f32(4) })).toBe(1);
});

test('an output matrix of its own is used, else the embedding', async () => {
  const { kv, tensors } = await tinyLlama();
  const last = (shapes: readonly Shape[]) => buildGraph(kv, shapes).operators.at(-1);
  expect(last(tensors)).toMatchObject({ weight: 'output.weight', output: 'logits' });
  const tied = tensors.filter(({ name }) => name !== 'output.weight');
  expect(last(tied)).toMatchObject({ weight: 'token_embd.weight', output: 'logits' });
});

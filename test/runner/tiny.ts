import { type GgmlType, rowBytes } from '#src/gguf/types.js';
import type { Graph } from '#src/graphs/graph.js';
import type { Rope } from '#src/graphs/operators/rope.js';
import type { GraphOperator } from '#src/graphs/operators/table.js';
import type { WeightTensor } from '#src/graphs/weight-tensor.js';
import { dequantize, NEEDS_WEIGHTS, quantizeRows } from '#src/quantize/native.js';
import type { PlainWeights } from './plain.js';

/** A model made by hand: its graph, its tensors in memory, and their values. */
export interface Tiny {
  readonly graph: Graph;
  readonly tensors: readonly WeightTensor[];
  readonly weights: PlainWeights;
}

/** Numbers from -1 to 1, the same in every run. */
export function randomRows(rows: number, columns: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: rows * columns }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export function rowsOf(values: Float32Array, columns: number): number[][] {
  return Array.from({ length: values.length / columns }, (_, i) => [
    ...values.subarray(i * columns, (i + 1) * columns),
  ]);
}

/** A tensor of random numbers, and what they are after its type's rounding. */
export function randomTensor(name: string, type: GgmlType, ne: readonly number[], seed: number) {
  const [columns = 1, ofMatrix = 1, matrices = 1] = ne;
  const rows = ofMatrix * matrices;
  const source = randomRows(rows, columns, seed);
  const bytes = new Uint8Array(rows * rowBytes(type, columns));
  quantizeRows({
    ...{ type, source: new Uint8Array(source.buffer), sourceType: 'F32', via: 'F32', rows, columns, target: bytes },
    weights: NEEDS_WEIGHTS.includes(type) ? new Float32Array(columns).fill(1) : undefined,
  });
  const values = new Float32Array(rows * columns);
  dequantize(type, bytes, values);
  const tensor: WeightTensor = { name, type, ne, data: { kind: 'memory', bytes } };
  const all = rowsOf(values, columns);
  return {
    tensor,
    values: Array.from({ length: matrices }, (_, i) => all.slice(i * ofMatrix, (i + 1) * ofMatrix)),
  };
}

export function logits(width: number): Graph['outputs'] {
  return [{ value: 'logits', width }];
}

/** A model from a graph's operators and its tensors' shapes: [name, type, columns, rows, ...]. */
export function tiny(
  operators: readonly GraphOperator[],
  vocabulary: number,
  shapes: readonly (readonly [name: string, type: GgmlType, ...ne: number[]])[],
): Tiny {
  const made = shapes.map(([name, type, ...ne], i) => randomTensor(name, type, ne, i + 1));
  return {
    graph: { ...{ architecture: 'tiny', vocabulary, contextLength: 1024, operators }, outputs: logits(vocabulary) },
    tensors: made.map(({ tensor }) => tensor),
    weights: new Map(made.map(({ tensor, values }) => [tensor.name, values])),
  };
}

/** How queries and keys turn. */
export interface Turn {
  readonly rope: Rope;
  readonly factors?: string;
}

export const PLAIN_ROPE: Rope = { pairs: 'adjacent', dimensions: 12, base: 10000, scale: 1 };

const VOCABULARY = 45;
/** Widths that no vector divides. */
const [WIDTH, HEADS, KV_HEADS, HEAD, FORWARD] = [52, 6, 2, 14, 70];

/** Every operator once, in the order of a Llama's block with biases and head norms; values are a little wider than the keys. */
export function tinyLlama({ rope, ...factors }: Turn = { rope: PLAIN_ROPE }): Tiny {
  const operators: GraphOperator[] = [
    { op: 'embed', weight: 'embd', output: 'x' },
    { op: 'rms-norm', input: 'x', weight: 'norm', epsilon: 1e-5, groups: 1, output: 'normed' },
    { op: 'mat-mul', input: 'normed', weight: 'q', bias: 'q.bias', output: 'query' },
    { op: 'mat-mul', input: 'normed', weight: 'k', output: 'key' },
    { op: 'mat-mul', input: 'normed', weight: 'v', output: 'value' },
    { op: 'rms-norm', input: 'query', weight: 'q.norm', epsilon: 0.1, groups: HEADS, output: 'query' },
    { op: 'rope', value: 'query', heads: HEADS, rope, ...factors },
    { op: 'rope', value: 'key', heads: KV_HEADS, rope, ...factors },
    { op: 'scale-by-position', value: 'query', scale: 0.3, floor: 3, offset: 1 },
    {
      ...{ op: 'attention', query: 'query', key: 'key', value: 'value' },
      ...{ heads: HEADS, kvHeads: KV_HEADS, scale: 0.2, output: 'attended' },
    },
    { op: 'mat-mul', input: 'attended', weight: 'o', output: 'change' },
    { op: 'add', left: 'x', right: 'change', output: 'x' },
    { op: 'mat-mul', input: 'x', weight: 'gate', output: 'gate' },
    { op: 'mat-mul', input: 'x', weight: 'up', output: 'up' },
    { op: 'gated-silu', gate: 'gate', up: 'up', output: 'gate' },
    { op: 'mat-mul', input: 'gate', weight: 'output', output: 'logits' },
  ];
  return tiny(operators, VOCABULARY, [
    ['embd', 'BF16', WIDTH, VOCABULARY],
    ['norm', 'F32', WIDTH, 1],
    ['q', 'F32', WIDTH, HEADS * HEAD],
    ['q.bias', 'F16', HEADS * HEAD, 1],
    ['k', 'F16', WIDTH, KV_HEADS * HEAD],
    ['v', 'BF16', WIDTH, KV_HEADS * (HEAD + 2)],
    ['q.norm', 'F32', HEAD, 1],
    ['o', 'F32', HEADS * (HEAD + 2), WIDTH],
    ['gate', 'F32', WIDTH, FORWARD],
    ['up', 'F32', WIDTH, FORWARD],
    ['output', 'F32', FORWARD, VOCABULARY],
    ['factors', 'F32', PLAIN_ROPE.dimensions / 2, 1],
  ]);
}

/** A product with a weight of a type, and nothing else. */
export function tinyProduct(type: GgmlType, columns: number): Tiny {
  return tiny(
    [
      { op: 'embed', weight: 'embd', output: 'x' },
      { op: 'mat-mul', input: 'x', weight: 'w', output: 'logits' },
    ],
    VOCABULARY,
    [
      ['embd', type, columns, VOCABULARY],
      ['w', type, columns, VOCABULARY],
    ],
  );
}

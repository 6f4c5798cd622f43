import { blockSize, type GgmlType } from '#src/gguf/types.js';
import { FLOATS, TYPES } from '../quantize/vectors.js';
import { runPlainly } from './plain.js';
import { PLAIN_ROPE, type Tiny, type Turn } from './tiny.js';

// What the engine is tried with on every instruction set.

const YARN = { extFactor: 0.8, attnFactor: 1.2, betaFast: 32, betaSlow: 1, originalContext: 64 };
export const ROPES: Record<string, Turn> = {
  adjacent: { rope: PLAIN_ROPE },
  halves: { rope: { ...PLAIN_ROPE, pairs: 'halves' } },
  'linear scaling': { rope: { ...PLAIN_ROPE, scale: 0.25 } },
  'factors and few dimensions': { rope: { ...PLAIN_ROPE, base: 500 }, factors: 'factors' },
  'four dimensions': { rope: { ...PLAIN_ROPE, dimensions: 4 } },
  yarn: { rope: { ...PLAIN_ROPE, pairs: 'halves', base: 100, scale: 0.25, yarn: YARN } },
};

/** Every type with rows longer than what is summed in one go; those without blocks also with rows of whole vectors. */
export function productCases(): [GgmlType, number][] {
  return [
    ...TYPES.map((type): [GgmlType, number] => [type, 3 * 256 + blockSize(type)]),
    ...FLOATS.map((type): [GgmlType, number] => [type, 3 * 256 + 32]),
  ];
}

/** Largest difference, of the expected values' largest size. */
export function distance(values: Float32Array, expected: readonly number[]): number {
  expect(values.length).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((x, i) => Math.abs(x - (values[i] ?? Number.NaN)))) / largest;
}

export function plainLogits(model: Tiny, tokens: Iterable<number>): number[] {
  return (
    runPlainly(model.graph, model.weights, [...tokens])
      .values.get('logits')
      ?.flat() ?? []
  );
}

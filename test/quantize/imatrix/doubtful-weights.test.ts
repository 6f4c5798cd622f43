import { doubtWeights } from '#src/quantize/imatrix/doubtful-weights.js';
import type { Imatrix, ImatrixEntry } from '#src/quantize/imatrix/imatrix.js';
import { StrictError } from '#src/warnings.js';

function doubts(entries: Record<string, ImatrixEntry>, strict = false): string[] {
  const warnings: string[] = [];
  const imatrix: Imatrix = {
    ...{ file: 'im.gguf', format: 'gguf', datasets: [], chunks: 1 },
    entries: new Map(Object.entries(entries)),
  };
  doubtWeights({ strict, emit: ({ what }) => warnings.push(what) }, imatrix, Object.keys(entries));
  return warnings;
}

const plain = (...values: number[]): ImatrixEntry => ({ values: Float32Array.from(values), counts: [1] });
const zeros = (count: number): number[] => new Array(count).fill(0);
const ones = (count: number): number[] => new Array(count).fill(1);

test('what counts, and a few columns that do not: nothing is said', () => {
  expect(doubts({ a: plain(...ones(20)), b: plain(0, ...ones(20)) })).toEqual([]);
});

test('zeros, in all columns or many', () => {
  expect(doubts({ a: plain(...zeros(8)), b: plain(...zeros(4), ...ones(4)), c: plain(...ones(8)) })).toEqual([
    expect.stringContaining('an importance of zero in a (all of its columns), b (50 % of its columns):'),
  ]);
});

test('negative values', () => {
  expect(doubts({ a: plain(1, -1), b: plain(1, 1) })).toEqual([
    expect.stringContaining('negative importance for a: means of squares are never so'),
  ]);
});

test('experts that the text never reached are left out, those that it reached are not', () => {
  const values = Float32Array.of(...zeros(4), ...ones(4));
  expect(doubts({ a: { values, counts: [0, 5] } })).toEqual([]);
  expect(doubts({ a: { values, counts: [5, 5] } })).toHaveLength(1);
});

test('many tensors: the first are named', () => {
  const entries = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [name, plain(0)]));
  expect(doubts(entries)[0]).toContain('c (all of its columns) and 2 more:');
});

test('strict refuses', () => {
  expect(() => doubts({ a: plain(0) }, true)).toThrow(StrictError);
});

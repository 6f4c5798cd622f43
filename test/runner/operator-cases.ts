import type { GgmlType } from '#src/gguf/types.js';
import type { GraphOperator } from '#src/graphs/operators/table.js';
import { runPlainly } from './plain.js';
import { PLAIN_ROPE, type Tiny, tiny } from './tiny.js';

// Each operator on its own: values that are rows of random tables by token, the operator, and what it writes.

interface OperatorCase {
  readonly operator: GraphOperator;
  /** The widths of the values that it reads. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly weights?: readonly (readonly [name: string, type: GgmlType, ...ne: number[]])[];
}

const VOCABULARY = 45;
/** Experts of a token, of all, and tables that hold their numbers by token. */
const [USED, EXPERTS] = [3, 5];

const YARN = { extFactor: 0.8, attnFactor: 1.2, betaFast: 32, betaSlow: 1, originalContext: 64 };
const TURNED = { op: 'rope', value: 'x', heads: 3 } as const;
const NORMED = { op: 'rms-norm', input: 'x', weight: 'w', epsilon: 0.01, output: 'y' } as const;
const ATTENDED = { op: 'attention', query: 'q', key: 'k', value: 'v', output: 'y' } as const;
const CHOSEN = { op: 'mat-mul-experts', input: 'x', experts: 'experts', weight: 'w', output: 'y' } as const;

/** Widths are such that no vector divides them, and some that vectors divide. */
const CASES: { readonly [Name in GraphOperator['op']]: readonly OperatorCase[] } = {
  embed: [
    { operator: { op: 'embed', weight: 'w', output: 'y' }, inputs: {}, weights: [['w', 'F16', 51, VOCABULARY]] },
    { operator: { op: 'embed', weight: 'w', output: 'y' }, inputs: {}, weights: [['w', 'Q4_K', 512, VOCABULARY]] },
  ],
  'rms-norm': [
    { operator: { ...NORMED, groups: 1 }, inputs: { x: 77 }, weights: [['w', 'F32', 77]] },
    { operator: { ...NORMED, groups: 4 }, inputs: { x: 76 }, weights: [['w', 'F16', 19]] },
    { operator: { ...NORMED, groups: 2, output: 'x' }, inputs: { x: 64 }, weights: [['w', 'F32', 32]] },
  ],
  'mat-mul': [
    {
      operator: { op: 'mat-mul', input: 'x', weight: 'w', bias: 'b', output: 'y' },
      inputs: { x: 53 },
      weights: [
        ['w', 'F32', 53, 71],
        ['b', 'F32', 71],
      ],
    },
    // More columns than are summed in one go, and more rows than a thread takes.
    {
      operator: { op: 'mat-mul', input: 'x', weight: 'w', output: 'y' },
      inputs: { x: 1024 },
      weights: [['w', 'Q8_0', 1024, 150]],
    },
  ],
  'mat-mul-experts': [
    // One input for all experts of a token.
    { operator: CHOSEN, inputs: { x: 53, experts: USED }, weights: [['w', 'F32', 53, 71, EXPERTS]] },
    { operator: CHOSEN, inputs: { x: 1024, experts: USED }, weights: [['w', 'Q4_0', 1024, 33, EXPERTS]] },
    // An input for each.
    { operator: CHOSEN, inputs: { x: USED * 64, experts: USED }, weights: [['w', 'BF16', 64, 70, EXPERTS]] },
    // One expert a token.
    { operator: CHOSEN, inputs: { x: 40, experts: 1 }, weights: [['w', 'F16', 40, 9, EXPERTS]] },
  ],
  'causal-conv': [
    {
      operator: { op: 'causal-conv', input: 'x', weight: 'w', output: 'y' },
      inputs: { x: 300 },
      weights: [['w', 'F32', 4, 300]],
    },
    {
      operator: { op: 'causal-conv', input: 'x', weight: 'w', bias: 'b', output: 'y' },
      inputs: { x: 7 },
      weights: [
        ['w', 'F16', 3, 7],
        ['b', 'F32', 7],
      ],
    },
    // No token but the current one.
    {
      operator: { op: 'causal-conv', input: 'x', weight: 'w', output: 'y' },
      inputs: { x: 7 },
      weights: [['w', 'F32', 1, 7]],
    },
  ],
  rope: [
    { operator: { ...TURNED, rope: PLAIN_ROPE }, inputs: { x: 3 * 14 } },
    {
      operator: { ...TURNED, rope: { ...PLAIN_ROPE, pairs: 'halves', scale: 0.5 }, factors: 'w' },
      inputs: { x: 3 * 12 },
      weights: [['w', 'F32', PLAIN_ROPE.dimensions / 2]],
    },
    { operator: { ...TURNED, rope: { ...PLAIN_ROPE, base: 100, scale: 0.25, yarn: YARN } }, inputs: { x: 3 * 16 } },
  ],
  attention: [
    { operator: { ...ATTENDED, heads: 6, kvHeads: 2, scale: 0.2 }, inputs: { q: 6 * 14, k: 2 * 14, v: 2 * 17 } },
    { operator: { ...ATTENDED, heads: 1, kvHeads: 1, scale: 1 }, inputs: { q: 33, k: 33, v: 70 } },
    { operator: { ...ATTENDED, heads: 4, kvHeads: 4, scale: 0.5 }, inputs: { q: 64, k: 64, v: 64 } },
    ...[1, 5, 40].map((window) => ({
      operator: { ...ATTENDED, heads: 4, kvHeads: 2, scale: 0.5, window },
      inputs: { q: 4 * 9, k: 2 * 9, v: 2 * 9 },
    })),
    { operator: { ...ATTENDED, heads: 2, kvHeads: 2, scale: 2, softCap: 1.5 }, inputs: { q: 16, k: 16, v: 16 } },
    { operator: { ...ATTENDED, heads: 6, kvHeads: 3, scale: 0.5, maxBias: 8 }, inputs: { q: 30, k: 15, v: 15 } },
    {
      operator: { ...ATTENDED, heads: 6, kvHeads: 2, scale: 0.5, window: 30, sinks: 'w' },
      inputs: { q: 30, k: 10, v: 10 },
      weights: [['w', 'F32', 6]],
    },
  ],
  add: [
    { operator: { op: 'add', left: 'x', right: 'z', output: 'y' }, inputs: { x: 83, z: 83 } },
    { operator: { op: 'add', left: 'x', right: 'z', output: 'z' }, inputs: { x: 64, z: 64 } },
  ],
  'gated-silu': [
    { operator: { op: 'gated-silu', gate: 'x', up: 'z', output: 'y' }, inputs: { x: 83, z: 83 } },
    { operator: { op: 'gated-silu', gate: 'x', up: 'z', output: 'x' }, inputs: { x: 64, z: 64 } },
  ],
  'scale-by-position': [
    { operator: { op: 'scale-by-position', value: 'x', scale: 0.3, floor: 3, offset: 1 }, inputs: { x: 19 } },
  ],
};

/** The value that a case's operator writes. */
function outputOf(operator: GraphOperator): string {
  return 'output' in operator ? operator.output : operator.value;
}

function modelOf({ operator, inputs, weights = [] }: OperatorCase): Tiny {
  const tables = Object.entries(inputs).map(([name, width]) => [`${name}.table`, 'F32', width, VOCABULARY] as const);
  const embeds = Object.keys(inputs).map(
    (name): GraphOperator => ({ op: 'embed', weight: `${name}.table`, output: name }),
  );
  const model = withExperts(tiny([...embeds, operator], VOCABULARY, [...tables, ...weights]));
  const value = outputOf(operator);
  const width = runPlainly(model.graph, model.weights, [0]).values.get(value)?.[0]?.length ?? 0;
  return { ...model, graph: { ...model.graph, outputs: [{ value, width }] } };
}

/** A table of experts gets their numbers, each expert of a token another one. */
function withExperts(model: Tiny): Tiny {
  const name = 'experts.table';
  const width = model.weights.get(name)?.[0]?.[0]?.length;
  if (width === undefined) {
    return model;
  }
  const rows = Array.from({ length: VOCABULARY }, (_, token) =>
    Array.from({ length: width }, (_, i) => (token * token + 2 * i) % EXPERTS),
  );
  const bytes = new Uint8Array(Float32Array.from(rows.flat()).buffer);
  const tensors = model.tensors.map((tensor) =>
    tensor.name === name ? { ...tensor, data: { kind: 'memory', bytes } as const } : tensor,
  );
  return { ...model, tensors, weights: new Map([...model.weights, [name, [rows]]]) };
}

/** A model of each case, under the operator's name and the case's number. */
export function operatorModels(): [string, Tiny][] {
  return Object.entries(CASES).flatMap(([op, cases]) =>
    cases.map((one, i): [string, Tiny] => [`${op} ${i + 1}`, modelOf(one)]),
  );
}

/** What the operator's formula gives for all tokens. */
export function plainOutput({ graph, weights }: Tiny, tokens: Iterable<number>): number[] {
  const values = graph.outputs.map(({ value }) => runPlainly(graph, weights, [...tokens]).values.get(value) ?? []);
  return values.flat(2);
}

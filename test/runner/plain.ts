import type { Graph } from '#src/graphs/graph.js';
import type { Rope } from '#src/graphs/operators/rope.js';
import type { GraphOperator } from '#src/graphs/operators/table.js';

/** Rows of a value, or of one of a weight's matrices. */
export type Rows = readonly (readonly number[])[];
/** The matrices of each weight. */
export type PlainWeights = ReadonlyMap<string, readonly Rows[]>;

interface State {
  readonly tokens: readonly number[];
  readonly weights: PlainWeights;
  readonly values: Map<string, Rows>;
  /** The inputs of each weight's products. */
  readonly inputs: Map<string, Rows>;
}

/** A graph computed as its definitions read, in float64, with all tokens at once. */
export function runPlainly(graph: Graph, weights: PlainWeights, tokens: readonly number[]): State {
  const state: State = { tokens, weights, values: new Map(), inputs: new Map() };
  for (const operator of graph.operators) {
    state.values.set('output' in operator ? operator.output : operator.value, compute(operator, state));
  }
  return state;
}

function compute(operator: GraphOperator, { tokens, weights, values, inputs }: State): Rows {
  const value = (name: string): Rows => values.get(name) ?? [];
  const weight = (name: string): Rows => weights.get(name)?.[0] ?? [];
  const both = (left: string, right: string, function_: (l: number, r: number) => number): Rows =>
    value(left).map((row, t) => row.map((x, i) => function_(x, value(right)[t]?.[i] ?? Number.NaN)));
  switch (operator.op) {
    case 'embed':
      return tokens.map((token) => weight(operator.weight)[token] ?? []);
    case 'rms-norm':
      return value(operator.input).map((row) =>
        parts(row, operator.groups).flatMap((part) => normed(part, operator.epsilon, weight(operator.weight)[0] ?? [])),
      );
    case 'mat-mul': {
      inputs.set(operator.weight, value(operator.input));
      const bias = operator.bias === undefined ? [] : (weight(operator.bias)[0] ?? []);
      return value(operator.input).map((x) => weight(operator.weight).map((row, i) => dot(row, x) + (bias[i] ?? 0)));
    }
    case 'mat-mul-experts': {
      const matrices = weights.get(operator.weight) ?? [];
      return value(operator.experts).map((experts, token) => {
        const row = value(operator.input)[token] ?? [];
        const columns = matrices[0]?.[0]?.length ?? 0;
        return experts.flatMap((expert, i) => {
          const x = row.length === columns ? row : row.slice(i * columns, (i + 1) * columns);
          return (matrices[expert] ?? []).map((weightRow) => dot(weightRow, x));
        });
      });
    }
    case 'causal-conv': {
      const x = value(operator.input);
      const bias = operator.bias === undefined ? [] : (weight(operator.bias)[0] ?? []);
      return x.map((row, token) =>
        row.map((_, column) => {
          const kernel = weight(operator.weight)[column] ?? [];
          const products = kernel.map((w, k) => w * (x[token - kernel.length + 1 + k]?.[column] ?? 0));
          return products.reduce((sum, product) => sum + product, bias[column] ?? 0);
        }),
      );
    }
    case 'rope':
      return value(operator.value).map((row, position) =>
        parts(row, operator.heads).flatMap((head) =>
          rotated(head, position, operator.rope, weight(operator.factors ?? '')[0]),
        ),
      );
    case 'attention':
      return attended(
        operator,
        value(operator.query),
        value(operator.key),
        value(operator.value),
        weight(operator.sinks ?? '')[0],
      );
    case 'add':
      return both(operator.left, operator.right, (l, r) => l + r);
    case 'gated-silu':
      return both(operator.gate, operator.up, (gate, up) => (gate / (1 + Math.exp(-gate))) * up);
    case 'scale-by-position': {
      const { scale, floor, offset } = operator;
      const factor = (position: number) => 1 + scale * Math.log(1 + Math.floor((position + offset) / floor));
      return value(operator.value).map((row, position) => row.map((x) => x * factor(position)));
    }
  }
}

function parts(row: readonly number[], count: number): number[][] {
  const width = row.length / count;
  return Array.from({ length: count }, (_, i) => row.slice(i * width, (i + 1) * width));
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] ?? Number.NaN), 0);
}

function normed(x: readonly number[], epsilon: number, weight: readonly number[]): number[] {
  const scale = 1 / Math.sqrt(dot(x, x) / x.length + epsilon);
  return x.map((v, i) => v * scale * (weight[i] ?? Number.NaN));
}

/** rope_yarn and ggml_rope_yarn_corr_dims of llama.cpp v0.5.0. */
function rotated(
  head: readonly number[],
  position: number,
  rope: Rope,
  factors: readonly number[] | undefined,
): number[] {
  const { dimensions, base, scale, yarn } = rope;
  const dimensionOf = (rotations: number) =>
    (dimensions * Math.log((yarn?.originalContext ?? 0) / (rotations * 2 * Math.PI))) / (2 * Math.log(base));
  const y = [...head];
  for (let i = 0; i < dimensions / 2; i++) {
    const extrapolated = (position * base ** ((-2 * i) / dimensions)) / (factors?.[i] ?? 1);
    let [angle, size] = [scale * extrapolated, 1];
    if (yarn) {
      const low = Math.max(0, Math.floor(dimensionOf(yarn.betaFast)));
      const high = Math.min(dimensions - 1, Math.ceil(dimensionOf(yarn.betaSlow)));
      const mix = (1 - Math.min(1, Math.max(0, (i - low) / Math.max(0.001, high - low)))) * yarn.extFactor;
      angle = angle * (1 - mix) + extrapolated * mix;
      size = yarn.attnFactor * (1 + 0.1 * Math.log(1 / scale));
    }
    const [a, b] = rope.pairs === 'halves' ? [i, i + dimensions / 2] : [2 * i, 2 * i + 1];
    const [first, second] = [head[a] ?? Number.NaN, head[b] ?? Number.NaN];
    y[a] = (first * Math.cos(angle) - second * Math.sin(angle)) * size;
    y[b] = (first * Math.sin(angle) + second * Math.cos(angle)) * size;
  }
  return y;
}

function attended(
  operator: GraphOperator & { op: 'attention' },
  query: Rows,
  key: Rows,
  value: Rows,
  sinks: readonly number[] | undefined,
): Rows {
  const { heads, kvHeads, scale, window = Number.POSITIVE_INFINITY, softCap, maxBias = 0 } = operator;
  return query.map((row, token) =>
    parts(row, heads).flatMap((q, head) => {
      const shared = Math.floor(head / (heads / kvHeads));
      const start = Math.max(0, token + 1 - window);
      const seen = (rows: Rows) => rows.slice(start, token + 1).map((kv) => parts(kv, kvHeads)[shared] ?? []);
      const capped = (score: number) => (softCap === undefined ? score : softCap * Math.tanh(score / softCap));
      const scores = seen(key).map((k, i) =>
        Math.exp(capped(dot(q, k) * scale) - slope(head, heads, maxBias) * (token - start - i)),
      );
      const sum = scores.reduce((a, b) => a + b, sinks === undefined ? 0 : Math.exp(sinks[head] ?? Number.NaN));
      const values = seen(value);
      return (values[0] ?? []).map((_, i) => values.reduce((y, v, t) => y + ((scores[t] ?? 0) / sum) * (v[i] ?? 0), 0));
    }),
  );
}

/**
 * ALiBi's slopes (Press et al., 2021): 2^(-maxBias / n), and its powers, for n heads that are a power of two. The heads
 * beyond take every other slope of twice as many.
 */
function slope(head: number, heads: number, maxBias: number): number {
  const even = 2 ** Math.floor(Math.log2(heads));
  const of = (count: number, i: number) => 2 ** ((-maxBias / count) * (i + 1));
  return maxBias === 0 ? 0 : head < even ? of(even, head) : of(2 * even, 2 * (head - even));
}

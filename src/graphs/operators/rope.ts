import { contradiction, divideEqually, type OperatorKind, type ValueName, type WeightName } from './operator.js';

/** ggml's rotary embedding (ggml_rope_ext of llama.cpp v0.5.0). */
export interface Rope {
  /** The elements that rotate together. `adjacent`: 2i and 2i + 1. `halves`: i and i + dimensions / 2. */
  readonly pairs: 'adjacent' | 'halves';
  readonly dimensions: number;
  readonly base: number;
  /** The factor of positions: 1 / factor of linear scaling. */
  readonly scale: number;
  /** The parameters of YaRN. Without them ext_factor is 0 and attn_factor is 1. */
  readonly yarn?: {
    readonly extFactor: number;
    readonly attnFactor: number;
    readonly betaFast: number;
    readonly betaSlow: number;
    /** The number of positions before scaling. */
    readonly originalContext: number;
  };
}

/** Rotates the first `rope.dimensions` elements of each head by the token's position. */
type RopeOperator = {
  readonly op: 'rope';
  readonly value: ValueName;
  readonly heads: number;
  readonly rope: Rope;
  /** (dimensions / 2) Divisors of the frequencies, such as `rope_freqs.weight`. */
  readonly factors?: WeightName;
};

export const rope: OperatorKind<RopeOperator> = {
  op: 'rope',
  weights: ['factors'],
  inputs: ['value'],
  output: 'value',
  inPlace: true,
  width({ value, heads, factors, rope: { dimensions } }, shapes) {
    const width = shapes.width(value);
    const head = divideEqually(width, heads, value);
    if (!Number.isInteger(dimensions) || dimensions < 2 || dimensions % 2 !== 0 || dimensions > head) {
      throw contradiction(`${dimensions} dimensions of a head of ${head} cannot be rotated`);
    }
    if (factors !== undefined) {
      shapes.vector(factors, dimensions / 2);
    }
    return width;
  },
  numbers: ({ heads, rope: { pairs, dimensions, base, scale, yarn } }) => ({
    ...{ heads, halves: Number(pairs === 'halves'), dimensions, base, scale },
    ...yarn,
  }),
};

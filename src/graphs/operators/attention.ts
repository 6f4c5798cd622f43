import { contradiction, divideEqually, type OperatorKind, type ValueName, type WeightName } from './operator.js';

/**
 * Causal attention: softmax(q · k * scale) · v. `heads / kvHeads` query heads share a key head. It keeps the keys and
 * values of earlier tokens.
 */
type Attention = {
  readonly op: 'attention';
  readonly query: ValueName;
  readonly key: ValueName;
  readonly value: ValueName;
  readonly heads: number;
  readonly kvHeads: number;
  readonly scale: number;
  /** The number of positions that a token sees, its own included. @default all positions up to its own */
  readonly window?: number;
  /** Replaces a scaled score by softCap * tanh(score / softCap). @default no cap */
  readonly softCap?: number;
  /**
   * ALiBi's max_bias. Each head has a slope, and a score is reduced by the slope times the distance of the two
   * positions.
   * @default no slopes
   */
  readonly maxBias?: number;
  /** (heads) The score of one more position, which takes its share of the softmax and has no value. @default none */
  readonly sinks?: WeightName;
  readonly output: ValueName;
};

export const attention: OperatorKind<Attention> = {
  op: 'attention',
  weights: ['sinks'],
  inputs: ['query', 'key', 'value'],
  output: 'output',
  inPlace: false,
  width({ query, key, value, heads, kvHeads, window = 1, sinks }, shapes) {
    const keyWidth = divideEqually(shapes.width(key), kvHeads, key);
    const valueWidth = divideEqually(shapes.width(value), kvHeads, value);
    divideEqually(heads, kvHeads, 'the query heads');
    const width = shapes.width(query);
    if (width !== heads * keyWidth) {
      throw contradiction(`there are queries of ${width} and keys of ${keyWidth} for each of ${heads} heads`);
    }
    if (!Number.isInteger(window) || window < 1) {
      throw contradiction(`tokens see ${window} positions`);
    }
    if (sinks !== undefined) {
      shapes.vector(sinks, heads);
    }
    return heads * valueWidth;
  },
  memory: ({ key, value }, shapes) => ({ perPosition: shapes.width(key) + shapes.width(value) }),
};

import { contradiction, divide, type OperatorKind, type ValueName } from './operator.js';

/**
 * Causal attention: softmax(q · k * scale) · v, with `heads` / `kvHeads` query heads sharing a key head. It keeps the
 * keys and values of earlier tokens.
 */
type Attention = {
  readonly op: 'attention';
  readonly query: ValueName;
  readonly key: ValueName;
  readonly value: ValueName;
  readonly heads: number;
  readonly kvHeads: number;
  readonly scale: number;
  readonly output: ValueName;
};

export const attention: OperatorKind<Attention> = {
  op: 'attention',
  weights: [],
  inputs: ['query', 'key', 'value'],
  output: 'output',
  inPlace: false,
  width({ query, key, value, heads, kvHeads }, shapes) {
    const keyWidth = divide(shapes.width(key), kvHeads, key);
    const valueWidth = divide(shapes.width(value), kvHeads, value);
    divide(heads, kvHeads, 'the query heads');
    const width = shapes.width(query);
    if (width !== heads * keyWidth) {
      throw contradiction(`there are queries of ${width} and keys of ${keyWidth} for each of ${heads} heads`);
    }
    return heads * valueWidth;
  },
  memory: ({ key, value }, shapes) => ({ perPosition: shapes.width(key) + shapes.width(value) }),
};

import type { OperatorKind, ValueName } from './operator.js';

/** Each token's value times a number that may depend on its position (Llama 4's and Ministral 3's attention scale). */
type ScaleByPosition = {
  readonly op: 'scale-by-position';
  readonly value: ValueName;
  /** The factor is 1 + scale * log(1 + floor((position + offset) / floor)). */
  readonly scale: number;
  readonly floor: number;
  readonly offset: number;
};

export const scaleByPosition: OperatorKind<ScaleByPosition> = {
  op: 'scale-by-position',
  weights: [],
  inputs: ['value'],
  output: 'value',
  inPlace: true,
  width: ({ value }, shapes) => shapes.width(value),
};

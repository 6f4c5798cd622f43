import type { OperatorKind, ValueName } from './operator.js';

/**
 * Multiplies the value of each token by a factor that depends on its position (the attention scale of Llama 4 and
 * Ministral 3).
 */
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

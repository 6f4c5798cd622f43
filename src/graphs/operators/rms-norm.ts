import { divideEqually, type OperatorKind, type ValueName, type WeightName } from './operator.js';

/**
 * x / sqrt(mean(x²) + epsilon) * weight. The width is divided into `groups` equal parts, such as heads. Each part has a
 * mean of its own, and all have the same weight. 1 group is the whole width.
 */
type RmsNorm = {
  readonly op: 'rms-norm';
  readonly input: ValueName;
  readonly weight: WeightName;
  readonly epsilon: number;
  readonly groups: number;
  readonly output: ValueName;
};

export const rmsNorm: OperatorKind<RmsNorm> = {
  op: 'rms-norm',
  weights: ['weight'],
  inputs: ['input'],
  output: 'output',
  inPlace: true,
  width({ input, weight, groups }, shapes) {
    const width = shapes.width(input);
    shapes.vector(weight, divideEqually(width, groups, input));
    return width;
  },
};

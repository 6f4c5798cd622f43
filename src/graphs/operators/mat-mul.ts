import { type OperatorKind, requireColumns, type ValueName, type WeightName } from './operator.js';

/** input · weightᵀ (+ bias). `weight` is (input's width, output's width), the row length first. */
type MatMul = {
  readonly op: 'mat-mul';
  readonly input: ValueName;
  readonly weight: WeightName;
  readonly bias?: WeightName;
  readonly output: ValueName;
};

export const matMul: OperatorKind<MatMul> = {
  op: 'mat-mul',
  weights: ['weight', 'bias'],
  inputs: ['input'],
  output: 'output',
  inPlace: false,
  width({ input, weight, bias }, shapes) {
    const matrix = shapes.matrix(weight);
    requireColumns(weight, matrix, shapes.width(input));
    if (bias !== undefined) {
      shapes.vector(bias, matrix.rows);
    }
    return matrix.rows;
  },
  // The packed input.
  memory: ({ input }, shapes) => ({ perToken: shapes.width(input) }),
};

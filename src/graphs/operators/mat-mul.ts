import { type OperatorKind, requireColumns, type ValueName, type WeightName } from './operator.js';

/** input · weightᵀ (+ bias): `weight` has rows of the input's width, and as many as the output is wide. */
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
  // The input, packed.
  memory: ({ input }, shapes) => ({ perToken: shapes.width(input) }),
};

import {
  contradiction,
  type Matrices,
  type OperatorKind,
  requireColumns,
  type Shapes,
  type ValueName,
  type WeightName,
} from './operator.js';

/**
 * input · weight[expert]ᵀ for each expert of a token. A row of `experts` has the numbers of the token's experts, from 0
 * on. The input has one row for all experts of a token, or a row for each. The output has a row for each. Source:
 * ggml_mul_mat_id.
 */
type MatMulExperts = {
  readonly op: 'mat-mul-experts';
  readonly input: ValueName;
  readonly experts: ValueName;
  /** (columns, rows, experts) */
  readonly weight: WeightName;
  readonly output: ValueName;
};

/** A multiple of the lanes of all instruction sets. */
const LANES = 32;

export const matMulExperts: OperatorKind<MatMulExperts> = {
  op: 'mat-mul-experts',
  weights: ['weight'],
  inputs: ['input', 'experts'],
  output: 'output',
  inPlace: false,
  width({ input, experts, weight }, shapes) {
    const { matrix, used } = shapesOf(experts, weight, shapes);
    const width = shapes.width(input);
    requireColumns(weight, matrix, width === used * matrix.columns ? matrix.columns : width);
    if (used > matrix.matrices) {
      throw contradiction(`the tensor ${weight} has ${matrix.matrices} experts, and a token uses ${used}`);
    }
    return used * matrix.rows;
  },
  // The packed input, and for each row where it comes from and goes to: six floats.
  memory({ experts, weight }, shapes) {
    const { matrix, used } = shapesOf(experts, weight, shapes);
    return { perToken: used * (Math.ceil(matrix.columns / LANES) * LANES + 6) };
  },
};

function shapesOf(experts: ValueName, weight: WeightName, shapes: Shapes): { matrix: Matrices; used: number } {
  return { matrix: shapes.matrices(weight), used: shapes.width(experts) };
}

import { contradiction, type OperatorKind, type ValueName, type WeightName } from './operator.js';

/**
 * A convolution of each column over a token and those before it: y[t][c] = Σ_k weight[c][k] · x[t - kernel + 1 + k][c]
 * (+ bias[c]), with zeros before the first token. It keeps the last kernel - 1 rows. Source: ggml_ssm_conv.
 */
type CausalConv = {
  readonly op: 'causal-conv';
  readonly input: ValueName;
  /** (kernel, width) */
  readonly weight: WeightName;
  readonly bias?: WeightName;
  readonly output: ValueName;
};

export const causalConv: OperatorKind<CausalConv> = {
  op: 'causal-conv',
  weights: ['weight', 'bias'],
  inputs: ['input'],
  output: 'output',
  inPlace: false,
  width({ input, weight, bias }, shapes) {
    const width = shapes.width(input);
    const { rows } = shapes.matrix(weight);
    if (rows !== width) {
      throw contradiction(`the tensor ${weight} has ${rows} rows, but its input is ${width} wide`);
    }
    if (bias !== undefined) {
      shapes.vector(bias, width);
    }
    return width;
  },
  // Kept rows, and the weight as floats.
  memory({ weight }, shapes) {
    const { columns, rows } = shapes.matrix(weight);
    return { fixed: 2 * columns * rows };
  },
};

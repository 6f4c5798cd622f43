import { contradiction, type OperatorKind, type ValueName, type WeightName } from './operator.js';

/** For each token its row of `weight`, which has a row for each token of the vocabulary. */
type Embed = { readonly op: 'embed'; readonly weight: WeightName; readonly output: ValueName };

export const embed: OperatorKind<Embed> = {
  op: 'embed',
  weights: ['weight'],
  inputs: [],
  output: 'output',
  inPlace: false,
  width({ weight }, shapes) {
    const { columns, rows } = shapes.matrix(weight);
    if (rows < shapes.vocabulary) {
      throw contradiction(`the tensor ${weight} has ${rows} rows for a vocabulary of ${shapes.vocabulary}`);
    }
    return columns;
  },
};

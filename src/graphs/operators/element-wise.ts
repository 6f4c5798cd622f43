import { contradiction, type OperatorKind, type Shapes, type ValueName } from './operator.js';

/** left + right. */
type Add = { readonly op: 'add'; readonly left: ValueName; readonly right: ValueName; readonly output: ValueName };

export const add: OperatorKind<Add> = {
  op: 'add',
  weights: [],
  inputs: ['left', 'right'],
  output: 'output',
  inPlace: true,
  width: ({ left, right }, shapes) => sameWidth(left, right, shapes),
};

/** silu(gate) * up. */
type GatedSilu = {
  readonly op: 'gated-silu';
  readonly gate: ValueName;
  readonly up: ValueName;
  readonly output: ValueName;
};

export const gatedSilu: OperatorKind<GatedSilu> = {
  op: 'gated-silu',
  weights: [],
  inputs: ['gate', 'up'],
  output: 'output',
  inPlace: true,
  width: ({ gate, up }, shapes) => sameWidth(gate, up, shapes),
};

function sameWidth(left: ValueName, right: ValueName, shapes: Shapes): number {
  const width = shapes.width(left);
  if (shapes.width(right) !== width) {
    throw contradiction(`${left} and ${right} are not of the same width`);
  }
  return width;
}

import { attention } from './attention.js';
import { causalConv } from './causal-conv.js';
import { add, gatedSilu } from './element-wise.js';
import { embed } from './embed.js';
import { matMul } from './mat-mul.js';
import { matMulExperts } from './mat-mul-experts.js';
import type { OperatorKind, WeightName } from './operator.js';
import { rmsNorm } from './rms-norm.js';
import { rope } from './rope.js';
import { scaleByPosition } from './scale-by-position.js';

/** All operators; a new one gets its line here, and in the table of native/runner/operators.h. */
const OPERATORS = [
  embed,
  rmsNorm,
  matMul,
  matMulExperts,
  causalConv,
  rope,
  attention,
  add,
  gatedSilu,
  scaleByPosition,
] as const;

/**
 * One step of a graph. If the operator allows it, `output` can be the name of an input, whose value is then replaced.
 */
export type GraphOperator = Parameters<(typeof OPERATORS)[number]['width']>[0];

/** An operator of any kind, whose fields are read by name. */
export type AnyOperator = { readonly op: string; readonly [field: string]: unknown };

const BY_NAME = new Map<string, OperatorKind<AnyOperator, string>>(OPERATORS.map((kind) => [kind.op, kind]));

export function findOperator(op: string): OperatorKind<AnyOperator, string> | undefined {
  return BY_NAME.get(op);
}

/** Lists those of `fields` that the operator has, with the names in them. */
export function namesOf(operator: AnyOperator, fields: readonly string[]): [field: string, name: string][] {
  return fields.flatMap((field) => {
    const name = operator[field];
    return typeof name === 'string' ? [[field, name] as [string, string]] : [];
  });
}

/** The names of the weights that an operator uses. */
export function weightsOf(operator: GraphOperator): WeightName[] {
  return namesOf(operator, findOperator(operator.op)?.weights ?? []).map(([, name]) => name);
}

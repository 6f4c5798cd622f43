import type { Known } from '../config/derivations.js';
import { proportionalRope } from '../config/gemma-derivations.js';
import { longRope } from '../config/long-rope.js';
import { ropeFreqs, stepRopeFreqs } from '../config/rope-freqs.js';
import type { NamedExpr } from '../tensor/expr.js';
import { dsparkTokens, eagleTokens } from './draft-vocabulary.js';

/** Tensors that are made while planning, by the name that architectures ask for them by. */
export const EXTRA_TENSORS = {
  rope_freqs: ({ config }) => list('rope_freqs.weight', 'F32', ropeFreqs(config)),
  proportional_rope: ({ config }) => list('rope_freqs.weight', 'F32', proportionalRope(config)),
  long_rope_factors: ({ config }) => [
    ...list('rope_factors_long.weight', 'F32', longRope(config)?.long),
    ...list('rope_factors_short.weight', 'F32', longRope(config)?.short),
  ],
  step_rope_freqs: ({ config }) => list('rope_freqs.weight', 'F32', stepRopeFreqs(config)),
  /** For each token of a draft model, the target's. */
  eagle3_d2t: (known) => list('d2t', 'I64', eagleTokens(known)),
  dspark_d2t: (known) => list('d2t', 'I64', dsparkTokens(known)),
} as const satisfies Record<string, (known: Known) => readonly NamedExpr[]>;

export type ExtraName = keyof typeof EXTRA_TENSORS;

function list(name: string, dtype: 'F32' | 'I64', values: readonly number[] | undefined): readonly NamedExpr[] {
  return values ? [{ name, expr: { op: 'constant', dtype, shape: [values.length], values } }] : [];
}

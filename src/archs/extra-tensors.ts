import type { Config } from '../config/config.js';
import { proportionalRope } from '../config/gemma-derivations.js';
import { longRope } from '../config/long-rope.js';
import { ropeFreqs } from '../config/rope-freqs.js';
import type { NamedExpr } from '../tensor/expr.js';

/** Tensors that come from the configuration alone, by the name that architectures ask for them by. */
export const EXTRA_TENSORS = {
  rope_freqs: (config) => list('rope_freqs.weight', ropeFreqs(config)),
  proportional_rope: (config) => list('rope_freqs.weight', proportionalRope(config)),
  long_rope_factors: (config) => [
    ...list('rope_factors_long.weight', longRope(config)?.long),
    ...list('rope_factors_short.weight', longRope(config)?.short),
  ],
} as const satisfies Record<string, (config: Config) => readonly NamedExpr[]>;

export type ExtraName = keyof typeof EXTRA_TENSORS;

function list(name: string, values: readonly number[] | undefined): readonly NamedExpr[] {
  return values ? [{ name, expr: { op: 'constant', dtype: 'F32', shape: [values.length], values } }] : [];
}

import type { Config } from '../config/config.js';
import { equalShare, headCount } from '../config/derive.js';
import { integer } from '../config/fields.js';
import { longFactors, longRope } from '../config/long-rope.js';
import { ropeFreqs } from '../config/rope-freqs.js';
import type { NamedExpr } from '../tensor/expr.js';

/** Tensors that come from the configuration alone, by the name that architectures ask for them by. */
export const EXTRA_TENSORS = {
  rope_freqs: (config) => list('rope_freqs.weight', ropeFreqs(config)),
  /** The factors of LongRoPE, as Phi-3 has it. */
  long_rope_factors: (config) => factors(longRope(config)),
  /** The same for whole heads, whatever else the rotary fields say. */
  head_rope_factors: (config) =>
    factors(longFactors(config, () => equalShare(integer(config, 'hidden_size'), headCount(config)))),
  /** The same for heads of which a part is rotated. */
  latent_rope_factors: (config) => factors(longFactors(config, () => integer(config, 'qk_rope_head_dim'))),
} as const satisfies Record<string, (config: Config) => readonly NamedExpr[]>;

export type ExtraName = keyof typeof EXTRA_TENSORS;

function factors(found: ReturnType<typeof longFactors>): readonly NamedExpr[] {
  return [...list('rope_factors_long.weight', found?.long), ...list('rope_factors_short.weight', found?.short)];
}

function list(name: string, values: readonly number[] | undefined): readonly NamedExpr[] {
  return values ? [{ name, expr: { op: 'constant', dtype: 'F32', shape: [values.length], values } }] : [];
}

import type { Known } from '../config/config.js';
import { equalShare, headCount } from '../config/derive.js';
import {
  gemmaDraftRope,
  longFactors,
  longRope,
  proportionalRope,
  ropeFreqs,
  stepRopeFreqs,
} from '../config/rope-freqs.js';
import { integer } from '../language/fields.js';
import type { NamedExpr } from '../tensor/expr.js';
import { dsparkTokens, eagleTokens } from './draft-vocabulary.js';

/** Tensors that are made while planning, by the name that architectures ask for them by. */
export const EXTRA_TENSORS = {
  rope_freqs: ({ config }) => list('rope_freqs.weight', 'F32', ropeFreqs(config)),
  step_rope_freqs: ({ config }) => list('rope_freqs.weight', 'F32', stepRopeFreqs(config)),
  proportional_rope: ({ config }) => list('rope_freqs.weight', 'F32', proportionalRope(config)),
  /** The factors of LongRoPE, as Phi-3 has it. */
  long_rope_factors: ({ config }) => factors(longRope(config)),
  /** The same for whole heads, whatever else the rotary fields say. */
  head_rope_factors: ({ config }) =>
    factors(longFactors(config, () => equalShare(integer(config, 'hidden_size'), headCount(config)))),
  /** The same for heads of which a part is rotated. */
  latent_rope_factors: ({ config }) => factors(longFactors(config, () => integer(config, 'qk_rope_head_dim'))),
  gemma4_draft_rope: ({ config }) => list('rope_freqs.weight', 'F32', gemmaDraftRope(config)),
  /** For each token of a draft model, the target's. */
  eagle3_d2t: (known) => list('d2t', 'I64', eagleTokens(known)),
  dspark_d2t: (known) => list('d2t', 'I64', dsparkTokens(known)),
} as const satisfies Record<string, (known: Known) => readonly NamedExpr[]>;

export type ExtraName = keyof typeof EXTRA_TENSORS;

function factors(found: ReturnType<typeof longFactors>): readonly NamedExpr[] {
  return [
    ...list('rope_factors_long.weight', 'F32', found?.long),
    ...list('rope_factors_short.weight', 'F32', found?.short),
  ];
}

function list(name: string, dtype: 'F32' | 'I64', values: readonly number[] | undefined): readonly NamedExpr[] {
  return values ? [{ name, expr: { op: 'constant', dtype, shape: [values.length], values } }] : [];
}

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
import { SourceError } from '../errors.js';
import { ConfigFieldError, integer } from '../language/fields.js';
import type { NamedExpr } from '../tensor/expr.js';

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

/** A table of a draft model's tokens that does not fit the vocabulary of the target. */
export class DraftVocabularyError extends SourceError {}

/** Probes read float32, in which whole numbers up to here are exact. */
const MAX_EXACT = 2 ** 24;

/** The target's token for each token of an EAGLE-3. @throws DraftVocabularyError */
function eagleTokens(known: Known): readonly number[] | undefined {
  return targetTokens(known, integer({ hparams: known.facts.target() }, 'vocab_size'));
}

/** The same of a DSpark, whose `vocab_size` is the target's. @throws DraftVocabularyError, ConfigFieldError */
function dsparkTokens(known: Known): readonly number[] | undefined {
  const { config } = known;
  const size = integer(config, 'vocab_size');
  const own = integer.optional(config, 'draft_vocab_size') || size;
  if (own > size) {
    throw new ConfigFieldError(`config.json has a draft_vocab_size of ${own}, more than the vocab_size ${size}.`);
  }
  const tokens = targetTokens(known, size);
  if (tokens ? tokens.length !== own : own < size) {
    throw new DraftVocabularyError(
      `The checkpoint's d2t has ${tokens?.length ?? 0} tokens, and config.json a draft_vocab_size of ${own}.`,
      'Check that config.json and the checkpoint belong together.',
    );
  }
  return tokens;
}

/**
 * The target's token for each token of a draft model: the checkpoint's `d2t`, as the probe of that name read it, has
 * the distances between them. Undefined where there is no such tensor. ref-quirk: `prepare_tensors` in
 * conversion/llama.py and conversion/qwen.py.
 * @param size of the target's vocabulary.
 */
function targetTokens({ probes }: Known, size: number): readonly number[] | undefined {
  const distances = probes?.get('d2t');
  if (!Array.isArray(distances)) {
    return undefined;
  }
  const ids = distances.map((distance: number, i) => Math.trunc(distance) + i);
  const wrong = ids.find((id) => !(id >= 0 && id < Math.min(size, MAX_EXACT)));
  if (wrong !== undefined) {
    throw new DraftVocabularyError(
      `d2t names token ${wrong}, and the model that this one drafts for has ${size}.`,
      'Check that --target-model-dir names the right model.',
    );
  }
  if (new Set(ids).size !== ids.length) {
    throw new DraftVocabularyError('d2t names a token twice.', 'Download the weights again.');
  }
  return ids;
}

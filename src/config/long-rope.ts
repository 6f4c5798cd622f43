import type { Config } from './config.js';
import { equalShare } from './derive.js';
import { ConfigFieldError, integer, number, numbers, optionalNumber, optionalString, show } from './fields.js';
import { ropeRoot } from './rope.js';

/** LongRoPE, as Phi-3 has it. */
interface LongRope {
  /** Factors of each pair of a head's rotated dimensions, for long texts and for short ones. */
  readonly long: readonly number[];
  readonly short: readonly number[];
  /** What attention is scaled by. */
  readonly attention: number;
}

/**
 * Undefined where the model has no `long_factor`. ref-quirk: `generate_extra_tensors` of `Phi3MiniModel` in
 * conversion/phi.py.
 * @throws ConfigFieldError
 */
export function longRope(config: Config): LongRope | undefined {
  const share = optionalNumber(ropeRoot(config), 'partial_rotary_factor') ?? 1;
  const factors = longFactors(config, () => {
    const size = Math.trunc(share * integer(config, 'hidden_size', 'n_embd'));
    return equalShare(size, integer(config, 'num_attention_heads', 'n_head'));
  });
  return factors && { ...factors, attention: attentionFactor(config) };
}

/**
 * The factors alone; undefined where the model has no `long_factor`.
 * @param rotated how many dimensions of a head are rotated.
 * @throws ConfigFieldError
 */
export function longFactors(config: Config, rotated: () => number): Omit<LongRope, 'attention'> | undefined {
  const rope = ropeRoot(config);
  const given = rope.hparams.long_factor;
  if (given === undefined || given === null || (Array.isArray(given) && given.length === 0)) {
    return undefined;
  }
  const long = numbers(rope, 'long_factor');
  const short = numbers(rope, 'short_factor');
  const pairs = rotated() / 2;
  if (long.length !== pairs || short.length !== pairs) {
    throw new ConfigFieldError(
      `${rope.path} in config.json has ${long.length} long and ${short.length} short factors, and a head has ${pairs} pairs of rotated dimensions.`,
    );
  }
  return { long, short };
}

function attentionFactor(config: Config): number {
  const rope = ropeRoot(config);
  const original = number(rope, 'original_max_position_embeddings');
  const scale = number(config, 'n_positions', 'max_position_embeddings') / original;
  const type = optionalString(rope, 'rope_type')?.toLowerCase();
  if (type === 'su' || type === 'longrope') {
    return scale > 1 ? Math.sqrt(1 + Math.log(scale) / Math.log(original)) : 1;
  }
  if (type === 'yarn') {
    return scale > 1 ? 0.1 * Math.log(scale) + 1 : 1;
  }
  throw new ConfigFieldError(
    `${rope.path} in config.json has a long_factor, and its type is ${show(type ?? null)}, not longrope.`,
  );
}

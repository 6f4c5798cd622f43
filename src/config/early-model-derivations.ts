import type { Config } from './config.js';
import { ConfigFieldError, integer, numbers, optionalInteger } from './fields.js';
import type { Derived, Known } from './known.js';
import { longRope } from './long-rope.js';

/** Derivations of models from before 2024. */
export const EARLY_MODEL_DERIVATIONS = {
  falcon_kv_heads: ({ config }) => falconKvHeads(config),
  /** The exponent that Jais' slopes were made from. ref-quirk: `modify_tensors` in conversion/jais.py. */
  alibi_bias_of_slopes: ({ config, probes }) => alibiBias(config, probes?.get('alibi_slopes')),
  openelm_feed_forward: ({ config }) => openElmFeedForward(config),
  long_rope_attention_factor: ({ config }) => longRope(config)?.attention,
} as const satisfies Record<string, (known: Known) => Derived>;

/**
 * The heads of keys and values: one with multi-query attention, whatever `num_kv_heads` says. Falcon-7B is released
 * with 71 there, and transformers' `FalconAttention` ignores it.
 */
function falconKvHeads(config: Config): number {
  const { multi_query: one, new_decoder_architecture: grouped } = config.hparams;
  return one === true && grouped !== true ? 1 : optionalInteger(config, 'num_kv_heads', 'n_head_kv') || 1;
}

function alibiBias(config: Config, slopes: unknown): number {
  const first: unknown = Array.isArray(slopes) ? slopes[0] : undefined;
  if (typeof first !== 'number') {
    return 8;
  }
  const heads = 2 ** Math.floor(Math.log2(integer(config, 'n_head')));
  return -roundToEven(Math.log2(first) * heads);
}

/** As Python's `round`. */
function roundToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : rounded;
}

/** The widths of the blocks: multiples of a divisor, at least nine tenths of what is asked. */
function openElmFeedForward(config: Config): readonly number[] {
  const divisor = integer(config, 'ffn_dim_divisor');
  const size = integer(config, 'model_dim');
  if (divisor === 0) {
    throw new ConfigFieldError('ffn_dim_divisor in config.json is 0.');
  }
  return numbers(config, 'ffn_multipliers').map((multiplier) => {
    const asked = multiplier * size;
    const width = Math.max(divisor, Math.floor(Math.trunc(asked + divisor / 2) / divisor) * divisor);
    return width < 0.9 * asked ? width + divisor : width;
  });
}

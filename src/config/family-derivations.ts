import { array, integer, integers, number, numbers, object, refuse, show, string } from '../language/fields.js';
import { normalQuantile } from '../numeric/normal-quantile.js';
import type { Derivations, Known } from './config.js';
import { globalField, globalHeadDim, ropeRoot } from './derive.js';
import { longRope } from './rope-freqs.js';

/** Numbers of single families. ref-quirk: each as in the family's file of conversion/. */
export const FAMILY_DERIVATIONS = {
  /** The sizes of the sections for time, height, width, and a fourth one. Missing sections are 0. */
  mrope_sections({ config }) {
    const root = ropeRoot(config);
    const sections = array.optional(root, 'mrope_section');
    return (
      sections &&
      [...sections, 0, 0, 0, 0]
        .slice(0, 4)
        .map((size) =>
          typeof size === 'number' && Number.isInteger(size) && Math.abs(size) < 2 ** 31
            ? size
            : refuse(`${root.path}.mrope_section in config.json has ${show(size)}, not a whole number.`),
        )
    );
  },
  ministral3_yarn_multiplier({ config }) {
    const rope = ropeRoot(config);
    const { rope_type: type = null } = config.rope;
    return type === 'yarn'
      ? number(rope, 'mscale_all_dim')
      : refuse(`${rope.path}.rope_type in config.json is ${show(type)}, and Ministral 3 has yarn.`);
  },
  long_rope_attention_factor: ({ config }) => longRope(config)?.attention,
  hunyuan_expert_size: uniform('moe_intermediate_size'),
  hunyuan_experts_used: uniform('moe_topk'),
  hunyuan_experts_shared: uniform('num_shared_expert'),
  /** Shared experts, whose outputs are averaged; no value where there are none. */
  averaged_shared_experts({ config }) {
    const count = integer.optional(config, 'num_shared_experts') || undefined;
    const strategy = string.optional(config, 'shared_expert_combination_strategy') ?? 'average';
    return count && strategy !== 'average'
      ? refuse(`config.json combines shared experts by ${show(strategy)}, and GGUF has the average alone.`)
      : count;
  },
  /** The id that ends a text; of a list the last one. */
  ple_eos({ config: { hparams } }) {
    const id = hparams.eos_token_id ?? null;
    return integer({ hparams: { eos_token_id: Array.isArray(id) ? (id.at(-1) ?? null) : id } }, 'eos_token_id');
  },
  /** The layers that get features of the image encoder. */
  deepstack_layer_count({ config }) {
    const hparams = object.optional(config, 'thinker_config') ?? config.hparams;
    const vision = { hparams: object.optional({ hparams }, 'vision_config') ?? {}, path: 'vision_config' };
    return array.optional(vision, 'deepstack_visual_indexes')?.length ?? 0;
  },
  activation_sparsity: ({ config }) => numbers(config, 'activation_sparsity_pattern').map(normalQuantile),
  global_head_dim: ({ config }) => globalHeadDim(config),
  global_kv_heads: ({ config }) => globalField(config, 'num_global_key_value_heads', 'num_key_value_heads'),
  /**
   * The heads of keys and values: one with multi-query attention, whatever `num_kv_heads` says. Falcon-7B is released
   * with 71 there, and transformers' `FalconAttention` ignores it.
   */
  falcon_kv_heads({ config }) {
    const { multi_query: one, new_decoder_architecture: grouped } = config.hparams;
    return one === true && grouped !== true ? 1 : integer.optional(config, 'num_kv_heads', 'n_head_kv') || 1;
  },
  /** The exponent that Jais' slopes were made from. */
  alibi_bias_of_slopes({ config, probes }) {
    const slopes = probes?.get('alibi_slopes');
    const first: unknown = Array.isArray(slopes) ? slopes[0] : undefined;
    return typeof first === 'number'
      ? -roundToEven(Math.log2(first) * 2 ** Math.floor(Math.log2(integer(config, 'n_head'))))
      : 8;
  },
  /** The widths of the blocks: multiples of a divisor, at least nine tenths of what is asked. */
  openelm_feed_forward({ config }) {
    const divisor = integer(config, 'ffn_dim_divisor') || refuse('ffn_dim_divisor in config.json is 0.');
    const size = integer(config, 'model_dim');
    return numbers(config, 'ffn_multipliers').map((multiplier) => {
      const asked = multiplier * size;
      const width = Math.max(divisor, Math.floor(Math.trunc(asked + divisor / 2) / divisor) * divisor);
      return width < 0.9 * asked ? width + divisor : width;
    });
  },
} as const satisfies Derivations;

/** The one value of a list that has a value for each block. */
function uniform(field: string) {
  return ({ config }: Known): number => {
    const [first, ...rest] = integers(config, field);
    return first === undefined || rest.some((value) => value !== first)
      ? refuse(`${field} in config.json is a list of different values.`)
      : first;
  };
}

/** As Python's `round`. */
function roundToEven(value: number): number {
  return Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);
}

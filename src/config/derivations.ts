import { mainBlockCount } from '../language/blocks.js';
import { integer, number, object, refuse, show, string } from '../language/fields.js';
import type { Derived } from '../language/value.js';
import type { Config, Derivations, Known } from './config.js';
import { blockCount, decoderBlockCount, headCount, headDim, kvHeadCount, ropeFields } from './derive.js';
import { DRAFT_DERIVATIONS } from './draft-derivations.js';
import { FAMILY_DERIVATIONS } from './family-derivations.js';
import { FILE_DERIVATIONS } from './file-derivations.js';
import { LAYER_DERIVATIONS } from './layer-derivations.js';

const EXPERTS = ['num_local_experts', 'num_experts', 'n_routed_experts', 'moe_num_primary_experts', 'moe_num_experts'];
const expertCount = (config: Config): number => integer(config, ...EXPERTS);

/** Numbers that follow from the configuration. Keys and transforms name them. */
export const COUNTS = {
  block_count: blockCount,
  /** Without those for multi-token prediction. */
  main_block_count: mainBlockCount,
  head_count: headCount,
  kv_head_count: kvHeadCount,
  head_dim: headDim,
  expert_count: expertCount,
  expert_pair_count: (config) => Math.floor(expertCount(config) / 2),
  /** The tensors that a table of n-grams is kept in. */
  ple_parts: (config) => integer(config, 'split_ngram_parts'),
  /** The blocks of one of HRM's two stacks. */
  hrm_layers_per_stack: (config) => integer.optional(config, 'num_layers_per_stack') || mainBlockCount(config),
} as const satisfies Record<string, (config: Config) => number>;

export type CountName = keyof typeof COUNTS;

/** Names of functions that weigh experts → numbers in `llama_expert_gating_func_type` of src/llama-hparams.h. */
const GATING = new Map(Object.entries({ softmax: 1, sigmoid: 2, sqrtsoftplus: 4 }));
const GATING_FIELDS =
  'score_function scoring_func score_func moe_router_activation moe_router_activation_func expert_selection_fn';

/**
 * The values of keys that follow from several fields, or from other files. Undefined writes no key. ref-quirk:
 * `set_gguf_parameters` of `TextModel` in conversion/base.py, where no other function is named.
 */
export const DERIVATIONS = {
  expert_gating_func({ config }) {
    const name = string.optional(config, ...GATING_FIELDS.split(' '));
    return name === undefined
      ? undefined
      : (GATING.get(name) ?? refuse(`config.json weighs experts by ${show(name)}, which GGUF has no number for.`));
  },
  /** `linear`, `yarn` or `longrope`. Other types write no key; `llama3` has a tensor instead. */
  rope_scaling_type({ config }) {
    const rope = ropeFields(config);
    const type = string.optional(rope, 'rope_type');
    if ((type === 'linear' || type === 'yarn') && number.optional(rope, 'factor') !== undefined) {
      return type;
    }
    return type === 'su' || type === 'longrope' ? 'longrope' : undefined;
  },
  yarn_original_context({ config }) {
    const rope = ropeFields(config);
    return (
      integer.optional(rope, 'original_max_position_embeddings') ??
      refuse(
        `config.json has no ${rope.path}.original_max_position_embeddings, which YaRN starts from.`,
        'Add it: the max_position_embeddings that the model had before it was scaled.',
      )
    );
  },
  /**
   * The names of a classifier's classes in the order of their numbers; none where transformers made them up. ref-quirk:
   * `BertModel.__init__` in conversion/bert.py keeps a single made-up label, since a reranker has one.
   */
  class_labels({ config }) {
    const entries = Object.entries(object.optional(config, 'id2label') ?? {}).sort(([a], [b]) => Number(a) - Number(b));
    const isMadeUp = entries.length === 2 && entries.some(([id, label]) => id === '0' && label === 'LABEL_0');
    return entries.length === 0 || isMadeUp
      ? undefined
      : entries.map(([id, label]) =>
          typeof label === 'string'
            ? label
            : refuse(`config.json has ${show(label ?? null)} for id2label[${id}], not the name of a class.`),
        );
  },
  decoder_block_count: ({ config }) => decoderBlockCount(config),
  /** The root's class: for a nested text model, the class around it. */
  origin: ({ config }) => config.origin,
  /** What is converted of the blocks for multi-token prediction: `with`, `only` or `without`. */
  mtp: ({ config }) => config.mtp?.choice,
  file_type: ({ fileType }) => fileType,
  pooling_type: ({ facts }) => facts.pooling(),
  ...LAYER_DERIVATIONS,
  ...FILE_DERIVATIONS,
  ...DRAFT_DERIVATIONS,
  ...FAMILY_DERIVATIONS,
} as const satisfies Derivations;

export type DerivationName = keyof typeof DERIVATIONS | CountName;

/** The value of a derivation or a count. @throws ConfigFieldError */
export function derive(name: DerivationName, known: Known): Derived {
  return name in COUNTS
    ? COUNTS[name as CountName](known.config)
    : DERIVATIONS[name as keyof typeof DERIVATIONS](known);
}

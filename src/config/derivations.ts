import type { Config } from './config.js';
import { blockCount, decoderBlockCount, headCount, headDim, kvHeadCount, mainBlockCount } from './derive.js';
import { DRAFT_DERIVATIONS } from './draft-derivations.js';
import { EARLY_MODEL_DERIVATIONS } from './early-model-derivations.js';
import { EXPERT_DERIVATIONS } from './expert-derivations.js';
import {
  ConfigFieldError,
  integer,
  number,
  optionalArray,
  optionalInteger,
  optionalNumber,
  optionalObject,
  optionalString,
  show,
} from './fields.js';
import { GEMMA_DERIVATIONS } from './gemma-derivations.js';
import { HYBRID_DERIVATIONS } from './hybrid-derivations.js';
import type { Derived, Known } from './known.js';
import { LAYER_DERIVATIONS } from './layer-derivations.js';
import { LLAMA_DERIVATIONS } from './llama-derivations.js';
import { QWEN_DERIVATIONS } from './qwen-derivations.js';
import { ropeFields, ropeRoot } from './rope.js';

export type { Derived, Known, Probed } from './known.js';

/** Numbers that follow from the configuration. Keys and transforms name them. */
export const COUNTS = {
  block_count: blockCount,
  /** Without those for multi-token prediction. */
  main_block_count: mainBlockCount,
  head_count: headCount,
  kv_head_count: kvHeadCount,
  head_dim: headDim,
  expert_count: expertCount,
  expert_pair_count: (config: Config) => Math.floor(expertCount(config) / 2),
  /** The tensors that a table of n-grams is kept in. */
  ple_parts: (config: Config) => integer(config, 'split_ngram_parts'),
  /** The blocks of one of HRM's two stacks. */
  hrm_layers_per_stack: (config: Config) => optionalInteger(config, 'num_layers_per_stack') || mainBlockCount(config),
} as const satisfies Record<string, (config: Config) => number>;

function expertCount(config: Config): number {
  return integer(
    config,
    'num_local_experts',
    'num_experts',
    'n_routed_experts',
    'moe_num_primary_experts',
    'moe_num_experts',
  );
}

export type CountName = keyof typeof COUNTS;

/**
 * The values of keys that follow from several fields, or from other files. Undefined writes no key. ref-quirk:
 * `set_gguf_parameters` of `TextModel` in conversion/base.py, where no other function is named.
 */
export const DERIVATIONS = {
  expert_gating_func: ({ config }) => gatingFunction(config),
  mrope_sections: ({ config }) => mropeSections(config),
  /** `linear`, `yarn` or `longrope`. Other types write no key; `llama3` has a tensor instead. */
  rope_scaling_type: ({ config }) => scalingType(config),
  yarn_original_context: ({ config }) => originalContext(config),
  ministral3_yarn_multiplier: ({ config }) => ministralMultiplier(config),
  pooling_type: ({ facts }) => facts.pooling(),
  /** The names of a classifier's classes in the order of their numbers; none where transformers made them up. */
  class_labels: ({ config }) => classLabels(config),
  decoder_block_count: ({ config }) => decoderBlockCount(config),
  ...QWEN_DERIVATIONS,
  ...DRAFT_DERIVATIONS,
  ...LLAMA_DERIVATIONS,
  /** The root's class: for a nested text model, the class around it. */
  origin: ({ config }) => config.origin,
  /** What is converted of the blocks for multi-token prediction: `with`, `only` or `without`. */
  mtp: ({ config }) => config.mtp?.choice,
  file_type: ({ fileType }) => fileType,
  ...HYBRID_DERIVATIONS,
  ...LAYER_DERIVATIONS,
  ...EARLY_MODEL_DERIVATIONS,
  ...GEMMA_DERIVATIONS,
  ...EXPERT_DERIVATIONS,
} as const satisfies Record<string, (known: Known) => Derived>;

export type DerivationName = keyof typeof DERIVATIONS | CountName;

/** The value of a derivation or a count. @throws ConfigFieldError */
export function derive(name: DerivationName, known: Known): Derived {
  return name in COUNTS
    ? COUNTS[name as CountName](known.config)
    : DERIVATIONS[name as keyof typeof DERIVATIONS](known);
}

/** Name → number in `llama_expert_gating_func_type` of src/llama-hparams.h. */
const GATING_FUNCTIONS: ReadonlyMap<string, number> = new Map([
  ['softmax', 1],
  ['sigmoid', 2],
  ['sqrtsoftplus', 4],
]);

const GATING_FIELDS = [
  'score_function',
  'scoring_func',
  'score_func',
  'moe_router_activation',
  'moe_router_activation_func',
  'expert_selection_fn',
];

function gatingFunction(config: Config): number | undefined {
  const name = optionalString(config, ...GATING_FIELDS);
  const found = name === undefined ? undefined : GATING_FUNCTIONS.get(name);
  if (name !== undefined && found === undefined) {
    throw new ConfigFieldError(`config.json weighs experts by ${show(name)}, which GGUF has no number for.`);
  }
  return found;
}

function scalingType(config: Config): string | undefined {
  const rope = ropeFields(config);
  const type = optionalString(rope, 'rope_type');
  if ((type === 'linear' || type === 'yarn') && optionalNumber(rope, 'factor') !== undefined) {
    return type;
  }
  return type === 'su' || type === 'longrope' ? 'longrope' : undefined;
}

function originalContext(config: Config): number {
  const rope = ropeFields(config);
  const context = optionalInteger(rope, 'original_max_position_embeddings');
  if (context === undefined) {
    throw new ConfigFieldError(
      `config.json has no ${rope.path}.original_max_position_embeddings, which YaRN starts from.`,
      'Add it: the max_position_embeddings that the model had before it was scaled.',
    );
  }
  return context;
}

function ministralMultiplier(config: Config): number {
  const rope = ropeRoot(config);
  if (config.rope.rope_type !== 'yarn') {
    throw new ConfigFieldError(
      `${rope.path}.rope_type in config.json is ${show(config.rope.rope_type ?? null)}, and Ministral 3 has yarn.`,
    );
  }
  return number(rope, 'mscale_all_dim');
}

/** The sizes of the sections for time, height, width, and a fourth one. Missing sections are 0. */
function mropeSections(config: Config): readonly number[] | undefined {
  const root = ropeRoot(config);
  const sections = optionalArray(root, 'mrope_section');
  return (
    sections &&
    [...sections, 0, 0, 0, 0].slice(0, 4).map((section) => {
      if (typeof section !== 'number' || !Number.isInteger(section) || Math.abs(section) >= 2 ** 31) {
        throw new ConfigFieldError(
          `${root.path}.mrope_section in config.json has ${show(section)}, not a whole number.`,
        );
      }
      return section;
    })
  );
}

/** ref-quirk: `BertModel.__init__` in conversion/bert.py keeps a single made-up label, since a reranker has one. */
function classLabels(config: Config): readonly string[] | undefined {
  const entries = Object.entries(optionalObject(config, 'id2label') ?? {});
  const isMadeUp = entries.length === 2 && entries.some(([id, label]) => id === '0' && label === 'LABEL_0');
  if (entries.length === 0 || isMadeUp) {
    return undefined;
  }
  return entries
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([id, label]) => {
      if (typeof label !== 'string') {
        throw new ConfigFieldError(
          `config.json has ${show(label ?? null)} for id2label[${id}], not the name of a class.`,
        );
      }
      return label;
    });
}

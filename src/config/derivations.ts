import type { Config } from './config.js';
import { blockCount, headCount, headDim, kvHeadCount } from './derive.js';
import { DRAFT_DERIVATIONS } from './draft-derivations.js';
import type { Facts } from './facts.js';
import {
  ConfigFieldError,
  integer,
  number,
  optionalArray,
  optionalInteger,
  optionalNumber,
  optionalString,
  show,
} from './fields.js';
import { LLAMA_DERIVATIONS } from './llama-derivations.js';
import { ropeFields, ropeRoot } from './rope.js';

/** What derivations read. */
export interface Known {
  readonly config: Config;
  readonly facts: Facts;
  /** What probes found, by their ids; none of tensors that are missing. */
  readonly probes?: ReadonlyMap<string, Probed>;
  /** The number of the file's type (`llama_ftype`); missing until the type is chosen. */
  readonly fileType?: number;
}

/** What a probe of the weights found: values, or whether what it asks is so. */
export type Probed = boolean | readonly number[];

/** Numbers that follow from the configuration. Keys and transforms name them. */
export const COUNTS = {
  block_count: blockCount,
  head_count: headCount,
  kv_head_count: kvHeadCount,
  head_dim: headDim,
  expert_count: (config: Config) => integer(config, 'num_local_experts', 'num_experts', 'n_routed_experts'),
} as const satisfies Record<string, (config: Config) => number>;

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
  is_reranker: ({ config, facts }) => isReranker(config, facts),
  ...DRAFT_DERIVATIONS,
  ...LLAMA_DERIVATIONS,
  /** The root's class: for a nested text model, the class around it. */
  origin: ({ config }) => config.origin,
  file_type: ({ fileType }) => fileType,
} as const satisfies Record<string, (known: Known) => Derived>;

export type Derived = string | number | boolean | readonly number[] | readonly string[] | undefined;
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

const RERANKER = /qwen3-(vl-)?reranker/i;

/**
 * Whether the model is a Qwen3 reranker, by the repository's name, the model card's title, or the class. ref-quirk:
 * `_is_qwen3_reranker` in conversion/qwen.py.
 */
function isReranker({ hparams }: Config, { repoName, readme }: Facts): boolean {
  const names = [repoName, hparams._name_or_path, hparams.model_type];
  const classes = Array.isArray(hparams.architectures) ? hparams.architectures : [];
  return (
    names.some((name) => typeof name === 'string' && RERANKER.test(name)) ||
    (readme !== null && /# qwen3-(vl-)?reranker/i.test(readme)) ||
    classes.some((name) => typeof name === 'string' && /sequenceclassification/i.test(name))
  );
}

import type { Config } from './config.js';
import { blockCount, mainBlockCount } from './derive.js';
import type { Facts } from './facts.js';
import {
  ConfigFieldError,
  integer,
  integers,
  optionalArray,
  optionalInteger,
  optionalNumber,
  optionalObject,
  optionalStrings,
  show,
} from './fields.js';
import type { Derived, Known } from './known.js';

/** Derivations of Qwen's families and their kin. */
export const QWEN_DERIVATIONS = {
  is_reranker: ({ config, facts }) => isReranker(config, facts),
  /** The row of the output that scores `yes`, or `no`. */
  yes_token: ({ facts }) => answer(facts, 'yes'),
  no_token: ({ facts }) => answer(facts, 'no'),
  ling_swiglu_limits: ({ config }) => limits(config, 'expert_swiglu_limit_list'),
  ling_shared_swiglu_limits: ({ config }) => limits(config, 'share_expert_swiglu_limit_list'),
  hunyuan_expert_size: ({ config }) => uniform(config, 'moe_intermediate_size'),
  hunyuan_experts_used: ({ config }) => uniform(config, 'moe_topk'),
  hunyuan_experts_shared: ({ config }) => uniform(config, 'num_shared_expert'),
  kimi_kv_heads: ({ config }) => kimiKvHeads(config),
  /** Layers from 0 on; config.json counts from 1. */
  ple_layers: ({ config }) => integers(config, 'ple_layer_ids').map((layer) => layer - 1),
  ple_eos: ({ config }) => lastEos(config),
  hy_v4_leading_dense: ({ config }) => leadingDense(config),
  hy_v4_indexers: ({ config }) => indexers(config),
  hy_v4_has_indexers: ({ config }) => indexers(config) !== undefined,
  deepstack_layer_count: ({ config }) => deepstackLayers(config),
} as const satisfies Record<string, (known: Known) => Derived>;

const RERANKER = /qwen3-(vl-)?reranker/i;

/**
 * Whether the model is a Qwen3 reranker, by the repository's name, the model card's title, or the class. ref-quirk:
 * `_is_qwen3_reranker` in conversion/qwen.py.
 */
function isReranker({ hparams, origin }: Config, { repoName, readme }: Facts): boolean {
  const names = [repoName, hparams._name_or_path, hparams.model_type, origin];
  return (
    names.some((name) => typeof name === 'string' && RERANKER.test(name)) ||
    (readme !== null && /# qwen3-(vl-)?reranker/i.test(readme)) ||
    /sequenceclassification/i.test(origin)
  );
}

function answer(facts: Facts, token: string): number {
  const id = facts.answer(token);
  if (id === undefined) {
    throw new ConfigFieldError(
      `The model is a reranker, and its tokenizer has no token "${token}" to answer with.`,
      'Download the whole repository, with its tokenizer.json.',
    );
  }
  return id;
}

/** The layers that get features of the image encoder. ref-quirk: `Qwen3VLTextModel` in conversion/qwen3vl.py. */
function deepstackLayers(config: Config): number {
  const hparams = optionalObject(config, 'thinker_config') ?? config.hparams;
  const vision = optionalObject({ hparams }, 'vision_config') ?? {};
  return optionalArray({ hparams: vision, path: 'vision_config' }, 'deepstack_visual_indexes')?.length ?? 0;
}

/** A limit for each block; 0 where config.json has null or none. ref-quirk: conversion/bailingmoe3.py. */
function limits(config: Config, field: string): readonly number[] | undefined {
  const given = optionalArray(config, field);
  const at = (i: number) => ({ hparams: { [`${field}[${i}]`]: given?.[i] ?? 0 } });
  return given && Array.from({ length: blockCount(config) }, (_, i) => optionalNumber(at(i), `${field}[${i}]`) ?? 0);
}

/** The one value of a list that has a value for each block. ref-quirk: conversion/hunyuan.py. */
function uniform(config: Config, field: string): number {
  const [first, ...rest] = integers(config, field);
  if (first === undefined || rest.some((value) => value !== first)) {
    throw new ConfigFieldError(`${field} in config.json is ${show([...integers(config, field)])} of different values.`);
  }
  return first;
}

/** One head of keys and values, the latent's, where the numbers of blocks from 1 on say so. ref-quirk: kimi_linear.py. */
function kimiKvHeads(config: Config): readonly number[] {
  const hparams = optionalObject(config, 'linear_attn_config') ?? {};
  const full = new Set(integers({ hparams, path: 'linear_attn_config' }, 'full_attn_layers'));
  return Array.from({ length: mainBlockCount(config) }, (_, i) => Number(full.has(i + 1)));
}

/** The id that ends a text; of a list the last one. ref-quirk: `_eos_token_id` in conversion/qwen4exp.py. */
function lastEos(config: Config): number {
  const { eos_token_id: id } = config.hparams;
  return integer({ hparams: { eos_token_id: Array.isArray(id) ? (id.at(-1) ?? null) : (id ?? null) } }, 'eos_token_id');
}

/** Blocks with a dense feed-forward part, which all stand first. ref-quirk: conversion/hy_v4.py. */
function leadingDense(config: Config): number {
  const types = optionalStrings(config, 'mlp_layer_types');
  const leading = types?.findIndex((type) => type !== 'dense');
  const counted = leading === -1 ? types?.length : leading;
  const given = optionalInteger(config, 'first_k_dense_replace');
  if (counted !== undefined && (types?.includes('dense', counted) || (given ?? counted) !== counted)) {
    throw new ConfigFieldError(
      'mlp_layer_types in config.json does not say "dense" of the first first_k_dense_replace layers alone.',
    );
  }
  return given ?? counted ?? integer(config, 'first_k_dense_replace');
}

const SPARSE = ['sparse_attention', 'deepseek_sparse_attention'];

/**
 * Which blocks have an indexer of their own; undefined where none has. ref-quirk: `indexer_is_full` in
 * conversion/hy_v4.py.
 */
function indexers(config: Config): readonly number[] | undefined {
  const blocks = mainBlockCount(config);
  const own = optionalStrings(config, 'indexer_types');
  const types = own ?? optionalStrings(config, 'layer_types') ?? [];
  if (own === undefined && !types.some((type) => SPARSE.includes(type))) {
    return undefined;
  }
  const known = types.slice(0, blocks);
  const isOther =
    own !== undefined && (known[0] !== 'full' || known.some((type) => type !== 'full' && type !== 'shared'));
  if (known.length < blocks || isOther) {
    throw new ConfigFieldError(
      `${own ? 'indexer_types' : 'layer_types'} in config.json does not say of each layer whether it has an indexer.`,
      'A list with "full" or "shared" for each layer, which begins with "full", says so.',
    );
  }
  return known.map((type) => Number(own ? type === 'full' : SPARSE.includes(type)));
}

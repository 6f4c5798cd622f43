import type { Config } from './config.js';
import { blockCount, mainBlockCount } from './derive.js';
import type { Facts } from './facts.js';
import { ConfigFieldError, integers, optionalArray, optionalNumber, optionalObject, show } from './fields.js';
import type { Derived, Known } from './known.js';

/** Derivations of Qwen's families and their kin. */
export const QWEN_DERIVATIONS = {
  is_reranker: ({ config, facts }) => isReranker(config, facts),
  /** The row of the output that scores `yes`, or `no`. */
  yes_token: ({ facts }) => answer(facts, 'yes'),
  no_token: ({ facts }) => answer(facts, 'no'),
  swiglu_limits: ({ config }: Known) => limits(config, 'expert_swiglu_limit_list'),
  shared_swiglu_limits: ({ config }: Known) => limits(config, 'share_expert_swiglu_limit_list'),
  hunyuan_expert_size: ({ config }: Known) => uniform(config, 'moe_intermediate_size'),
  hunyuan_experts_used: ({ config }: Known) => uniform(config, 'moe_topk'),
  hunyuan_experts_shared: ({ config }: Known) => uniform(config, 'num_shared_expert'),
  kimi_kv_heads: ({ config }: Known) => kimiKvHeads(config),
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

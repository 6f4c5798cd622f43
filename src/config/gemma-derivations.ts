import { isObject, type JsonObject } from '../json.js';
import { normalQuantile } from '../numeric/normal-quantile.js';
import type { Config } from './config.js';
import type { Facts } from './facts.js';
import { ConfigFieldError, integer, numbers, optionalArray, optionalInteger, optionalIntegers } from './fields.js';
import type { Derived, Known } from './known.js';

const dense =
  (name: string, field: string) =>
  ({ facts }: Known) =>
    denseFeatures(facts, name, field);

/** Derivations of Gemma. ref-quirk: conversion/gemma.py. */
export const GEMMA_DERIVATIONS = {
  tokenizer_size: ({ config, facts }) => tokenizerSize(config, facts),
  released_window: ({ facts }) => releasedWindow(facts),
  dense_2_feat_in: dense('dense_2', 'in_features'),
  dense_2_feat_out: dense('dense_2', 'out_features'),
  dense_3_feat_in: dense('dense_3', 'in_features'),
  dense_3_feat_out: dense('dense_3', 'out_features'),
  activation_sparsity: ({ config }) => numbers(config, 'activation_sparsity_pattern').map(normalQuantile),
  global_head_dim: ({ config }) => globalHeadDim(config),
  global_kv_heads: ({ config }) => globalField(config, 'num_global_key_value_heads', 'num_key_value_heads'),
  suppressed_tokens: ({ facts }) => suppressedTokens(facts),
} as const satisfies Record<string, (known: Known) => Derived>;

/** How many tokens the tokenizer's files have; no limit where there are none. */
function tokenizerSize(config: Config, facts: Facts): number {
  const tokenizer = facts.json('tokenizer.json');
  if (facts.has('tokenizer.model') || tokenizer === null) {
    return optionalInteger(config, 'vocab_size_per_layer_input', 'vocab_size') || Number.MAX_SAFE_INTEGER;
  }
  const { model, added_tokens: added } = tokenizer;
  const vocabulary = isObject(model) && isObject(model.vocab) ? Object.keys(model.vocab).length : 0;
  return vocabulary + (Array.isArray(added) ? added.length : 0);
}

function releasedWindow(facts: Facts): number {
  return integer({ hparams: facts.json('config.json') ?? {} }, 'sliding_window');
}

function denseFeatures({ denseModules }: Facts, name: string, field: string): number | undefined {
  const found = denseModules.find((module) => module.name === name);
  return found && optionalInteger({ hparams: found.config, path: name }, field);
}

function globalHeadDim(config: Config): number {
  const found = globalField(config, 'global_head_dim', 'head_dim');
  if (found === undefined) {
    throw new ConfigFieldError('config.json has no global_head_dim, the size of heads with full attention.');
  }
  return found;
}

/** A field of layers with full attention: its own, or that of the first such layer in `per_layer_config`. */
function globalField(config: Config, own: string, perLayer: string): number | undefined {
  const types = optionalArray(config, 'layer_types') ?? [];
  const layers = config.hparams.per_layer_config;
  const full = Object.entries(isObject(layers) ? layers : {}).find(
    ([i, fields]) => types[Number(i)] === 'full_attention' && isObject(fields) && fields[perLayer] !== undefined,
  );
  return optionalInteger(config, own) ?? (full && optionalInteger({ hparams: full[1] as JsonObject }, perLayer));
}

function suppressedTokens(facts: Facts): readonly number[] | undefined {
  return optionalIntegers({ hparams: facts.json('generation_config.json') ?? {} }, 'suppress_tokens');
}

/**
 * Factors for each pair of the dimensions of a head with full attention: 1 for those that are rotated, a number as large
 * as to stop the rotation for the others.
 * @throws ConfigFieldError for another kind of rotation
 */
export function proportionalRope(config: Config): readonly number[] {
  const full = config.rope.full_attention;
  if (!isObject(full) || full.rope_type !== 'proportional' || typeof full.partial_rotary_factor !== 'number') {
    throw new ConfigFieldError('config.json has no proportional rope_parameters.full_attention.');
  }
  const size = globalHeadDim(config);
  const rotated = Math.trunc((size * full.partial_rotary_factor) / 2);
  return Array.from({ length: Math.trunc(size / 2) }, (_, i) => (i < rotated ? 1 : STILL));
}

const STILL = 1e30;

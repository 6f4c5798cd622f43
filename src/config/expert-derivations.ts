import { ConfigFieldError, optionalInteger, optionalString, optionalStrings, show } from './fields.js';
import type { Derived, Known } from './known.js';

/** What mixtures of experts say of their blocks in words. */
export const EXPERT_DERIVATIONS = {
  /** How many blocks come before the first that is not `dense`. */
  leading_dense_blocks: ({ config }) => {
    const types = optionalStrings(config, 'mlp_layer_types');
    const first = types?.findIndex((type) => type !== 'dense');
    return types && first === -1 ? types.length : (first ?? optionalInteger(config, 'first_k_dense_replace') ?? 0);
  },

  /** Shared experts, whose outputs are averaged; no value where there are none. ref-quirk: conversion/command_r.py. */
  averaged_shared_experts: ({ config }) => {
    const count = optionalInteger(config, 'num_shared_experts') ?? 0;
    const strategy = optionalString(config, 'shared_expert_combination_strategy') ?? 'average';
    if (count > 0 && strategy !== 'average') {
      throw new ConfigFieldError(
        `config.json combines shared experts by ${show(strategy)}, and GGUF has the average alone.`,
      );
    }
    return count || undefined;
  },
} as const satisfies Record<string, (known: Known) => Derived>;

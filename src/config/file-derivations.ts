import { isObject } from '../json.js';
import { integer, integers, refuse } from '../language/fields.js';
import type { Derivations, Facts, Known } from './config.js';

/** What follows from other files than config.json. */
export const FILE_DERIVATIONS = {
  /**
   * Whether the model is a Qwen3 reranker, by the repository's name, the model card's title, or the class. ref-quirk:
   * `_is_qwen3_reranker` in conversion/qwen.py.
   */
  is_reranker({ config: { hparams, origin }, facts: { repoName, readme } }) {
    const names = [repoName, hparams._name_or_path, hparams.model_type, origin];
    return (
      names.some((name) => typeof name === 'string' && /qwen3-(vl-)?reranker/i.test(name)) ||
      /# qwen3-(vl-)?reranker/i.test(readme ?? '') ||
      /sequenceclassification/i.test(origin)
    );
  },
  /** The row of the output that scores `yes`, or `no`. */
  yes_token: answer('yes'),
  no_token: answer('no'),
  /** How many tokens the tokenizer has beside added ones. */
  own_token_count: ({ facts }) => ownTokens(facts),
  /** How many tokens the tokenizer's files have; no limit where there are none. ref-quirk: conversion/gemma.py. */
  tokenizer_size({ config, facts }) {
    const tokenizer = facts.json('tokenizer.json');
    if (facts.has('tokenizer.model') || tokenizer === null) {
      return integer.optional(config, 'vocab_size_per_layer_input', 'vocab_size') || Number.MAX_SAFE_INTEGER;
    }
    const { added_tokens: added } = tokenizer;
    return (ownTokens(facts) ?? 0) + (Array.isArray(added) ? added.length : 0);
  },
  /**
   * The repository's chat template, for a family whose key stands first. The vocabulary writes it again: a file whose
   * text is not JSON is only known to be there.
   */
  own_chat_template({ facts }) {
    const config = facts.json('tokenizer_config.json') ?? {};
    const { chat_template: template } = 'chat_template' in config ? config : (facts.json('chat_template.json') ?? {});
    const hasFile = !('chat_template' in config) && facts.has('chat_template.jinja');
    return hasFile ? 'chat_template.jinja' : typeof template === 'string' && template !== '' ? template : undefined;
  },
  released_window: ({ facts }) => integer({ hparams: facts.json('config.json') ?? {} }, 'sliding_window'),
  suppressed_tokens: ({ facts }) =>
    integers.optional({ hparams: facts.json('generation_config.json') ?? {} }, 'suppress_tokens'),
  dense_2_feat_in: features('dense_2', 'in_features'),
  dense_2_feat_out: features('dense_2', 'out_features'),
  dense_3_feat_in: features('dense_3', 'in_features'),
  dense_3_feat_out: features('dense_3', 'out_features'),
} as const satisfies Derivations;

function answer(token: string) {
  return ({ facts }: Known): number =>
    facts.answer(token) ??
    refuse(
      `The model is a reranker, and its tokenizer has no token "${token}" to answer with.`,
      'Download the whole repository, with its tokenizer.json.',
    );
}

function ownTokens(facts: Facts): number | undefined {
  const tokenizer = facts.json('tokenizer.json');
  const vocab = isObject(tokenizer?.model) ? tokenizer.model.vocab : undefined;
  return isObject(vocab) ? Object.keys(vocab).length : undefined;
}

/** A size of one of sentence-transformers' Dense layers. */
function features(name: string, field: string) {
  return ({ facts }: Known): number | undefined => {
    const found = facts.denseModules.find((module) => module.name === name);
    return found && integer.optional({ hparams: found.config, path: name }, field);
  };
}

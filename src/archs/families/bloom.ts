import type { Architecture, Transform, Value } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, fourTimes, needed } from '../text-keys.js';

const HEADS: Value = { fields: ['n_head', 'num_attention_heads'], required: true };
const SIZE: Value = { fields: ['hidden_size', 'n_embed'], required: true };

const HEAD_DIM: Value = { math: 'quotient', of: [{ fields: ['hidden_size'] }, { fields: ['num_attention_heads'] }] };
const ONE: Value = { value: 1 };

/** Each head has its query, key and value together; the file has all queries first, then all keys, then all values. */
const HEADS_APART: Readonly<Record<string, readonly Transform[]>> = {
  'attn_qkv.weight': [
    ['reshape', HEADS, 3, -1, SIZE],
    ['permute', 1, 0, 2, 3],
    ['reshape', -1, SIZE],
  ],
  'attn_qkv.bias': [
    ['reshape', HEADS, 3, -1],
    ['permute', 1, 0, 2],
    ['reshape', -1],
  ],
};

const TENSORS = 'token_embd output output_norm attn_norm attn_qkv attn_output ffn_norm ffn_up ffn_down';

export const bloom = {
  ...TEXT_MODEL,
  classes: ['BloomForCausalLM', 'BloomModel'],
  gguf: 'bloom',
  example: 'bigscience/bloom-560m',
  keys: [
    ['{arch}.context_length', 'u32', { first: [{ fields: ['seq_length'] }, SIZE] }],
    needed('embedding_length', 'u32', 'hidden_size', 'n_embed'),
    fourTimes('hidden_size', 'n_embed'),
    BLOCK_COUNT,
    needed('attention.head_count', 'u32', 'n_head', 'num_attention_heads'),
    needed('attention.head_count_kv', 'u32', 'n_head', 'num_attention_heads'),
    needed('attention.layer_norm_epsilon', 'f32', 'layer_norm_epsilon'),
    FILE_TYPE,
  ],
  strip: ['transformer.'],
  tensors: named(`${TENSORS} token_embd_norm`, HEADS_APART),
} as const satisfies Architecture;

/** GPT-NeoX and Pythia. ref-quirk: conversion/gptneox.py writes no `general.file_type`. */
export const gptneox = {
  ...TEXT_MODEL,
  classes: ['GPTNeoXForCausalLM'],
  gguf: 'gptneox',
  example: 'EleutherAI/pythia-70m',
  keys: [
    needed('context_length', 'u32', 'max_position_embeddings'),
    needed('embedding_length', 'u32', 'hidden_size'),
    BLOCK_COUNT,
    needed('feed_forward_length', 'u32', 'intermediate_size'),
    [
      '{arch}.rope.dimension_count',
      'u32',
      { math: 'quotient', of: [{ math: 'mul', of: [HEAD_DIM, { fields: ['rotary_pct'], required: true }] }, ONE] },
    ],
    needed('attention.head_count', 'u32', 'num_attention_heads'),
    ['{arch}.use_parallel_residual', 'bool', { fields: ['use_parallel_residual'], or: true }],
    needed('attention.layer_norm_epsilon', 'f32', 'layer_norm_eps'),
  ],
  tensors: named(TENSORS, HEADS_APART),
} as const satisfies Architecture;

import type { Architecture, Transform, Value } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fourTimes, keyList, math, whole } from '../text-keys.js';

/** Early decoders whose queries, keys and values come together. */

const NAMES = 'token_embd output output_norm attn_norm attn_qkv attn_output ffn_up ffn_down';
const HEADS: Value = { fields: ['n_head', 'num_attention_heads'], required: true };
const SIZE: Value = { fields: ['hidden_size', 'n_embed'], required: true };

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

export const bloom = {
  ...TEXT_MODEL,
  classes: ['BloomForCausalLM', 'BloomModel'],
  gguf: 'bloom',
  example: 'bigscience/bloom-560m',
  keys: [
    ['{arch}.context_length', 'u32', { first: [{ fields: ['seq_length'] }, SIZE] }],
    ...keyList('embedding_length=hidden_size|n_embed'),
    fourTimes('hidden_size', 'n_embed'),
    ...keyList('block_count attention.head_count=n_head|num_attention_heads'),
    ...keyList('attention.head_count_kv=n_head|num_attention_heads'),
    ...keyList('attention.layer_norm_epsilon:f32=layer_norm_epsilon file_type'),
  ],
  strip: ['transformer.'],
  tensors: named(`${NAMES} ffn_norm token_embd_norm`, HEADS_APART),
} as const satisfies Architecture;

const HEAD = math('quotient', { fields: ['hidden_size'] }, { fields: ['num_attention_heads'] });

/** GPT-NeoX and Pythia. ref-quirk: conversion/gptneox.py writes no `general.file_type`. */
export const gptneox = {
  ...TEXT_MODEL,
  classes: ['GPTNeoXForCausalLM'],
  gguf: 'gptneox',
  example: 'EleutherAI/pythia-70m',
  keys: [
    ...keyList('context_length=max_position_embeddings embedding_length=hidden_size block_count'),
    ...keyList('feed_forward_length=intermediate_size'),
    ['{arch}.rope.dimension_count', 'u32', whole(math('mul', HEAD, { fields: ['rotary_pct'], required: true }))],
    ...keyList('attention.head_count=num_attention_heads'),
    ['{arch}.use_parallel_residual', 'bool', { fields: ['use_parallel_residual'], or: true }],
    ...keyList('attention.layer_norm_epsilon:f32=layer_norm_eps'),
  ],
  tensors: named(`${NAMES} ffn_norm`, HEADS_APART),
} as const satisfies Architecture;

const KV_HEADS: Value = { derive: 'falcon_kv_heads' };
const SHARING = math('quotient', HEADS, KV_HEADS);

export const falcon = {
  ...TEXT_MODEL,
  classes: ['FalconForCausalLM', 'RWForCausalLM'],
  gguf: 'falcon',
  example: 'tiiuae/falcon-7b',
  keys: [
    ...keyList('context_length=2048'),
    ['{arch}.tensor_data_layout', 'string', { value: 'jploski' }],
    ...keyList('embedding_length=hidden_size'),
    fourTimes('hidden_size'),
    ...keyList('block_count attention.head_count=num_attention_heads|n_head attention.head_count_kv=@falcon_kv_heads'),
    ...keyList('attention.layer_norm_epsilon:f32=layer_norm_epsilon file_type'),
  ],
  tensors: named(`${NAMES} attn_norm_2`, {
    // A key and a value follow the queries that share them; the file has all queries first, then keys, then values.
    attn_qkv: [
      ['reshape', KV_HEADS, math('add', SHARING, 2), math('quotient', SIZE, HEADS), -1],
      ['split', 1, SHARING, 1, 1],
      ['reshape', -1, SIZE],
      ['concat', 0],
    ],
  }),
} as const satisfies Architecture;

const attention = (name: string): Value => ({ fields: [name], of: ['attn_config'] });
const ALIBI = { set: attention('alibi') };

/** ref-quirk: conversion/mpt.py writes no `general.file_type`. */
export const mpt = {
  ...TEXT_MODEL,
  classes: ['MPTForCausalLM'],
  gguf: 'mpt',
  example: 'anas-awadalla/mpt-7b',
  keys: [
    ...keyList('context_length=max_seq_len embedding_length=d_model block_count'),
    fourTimes('d_model'),
    ...keyList('attention.head_count=n_heads'),
    ['{arch}.attention.head_count_kv', 'u32', attention('kv_n_heads'), { set: attention('kv_n_heads') }],
    ...keyList('attention.layer_norm_epsilon:f32=1e-5'),
    ['{arch}.attention.clamp_kqv', 'f32', attention('clip_qkv')],
    ['{arch}.attention.max_alibi_bias', 'f32', attention('alibi_bias_max'), ALIBI],
    ['{arch}.attention.max_alibi_bias', 'f32', { value: 0 }, { not: ALIBI }],
  ],
  tensors: named(`${NAMES} position_embd ffn_norm attn_q_norm attn_k_norm`),
  tokenizer: { kinds: ['bpe', 'sentencepiece'], after: ['sea-lion'] },
  unproven: true,
} as const satisfies Architecture;

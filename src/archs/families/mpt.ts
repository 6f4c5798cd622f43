import type { Architecture, Value } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, fourTimes, needed } from '../text-keys.js';

const attention = (name: string): Value => ({ fields: [name], of: ['attn_config'] });
const ALIBI = { set: attention('alibi') };

/** ref-quirk: conversion/mpt.py writes no `general.file_type`. */
export const mpt = {
  ...TEXT_MODEL,
  classes: ['MPTForCausalLM'],
  gguf: 'mpt',
  example: 'anas-awadalla/mpt-7b',
  keys: [
    needed('context_length', 'u32', 'max_seq_len'),
    needed('embedding_length', 'u32', 'd_model'),
    BLOCK_COUNT,
    fourTimes('d_model'),
    needed('attention.head_count', 'u32', 'n_heads'),
    ['{arch}.attention.head_count_kv', 'u32', attention('kv_n_heads'), { set: attention('kv_n_heads') }],
    ['{arch}.attention.layer_norm_epsilon', 'f32', { value: 1e-5 }],
    ['{arch}.attention.clamp_kqv', 'f32', attention('clip_qkv')],
    ['{arch}.attention.max_alibi_bias', 'f32', attention('alibi_bias_max'), ALIBI],
    ['{arch}.attention.max_alibi_bias', 'f32', { value: 0 }, { not: ALIBI }],
  ],
  tensors: named(
    'token_embd position_embd output output_norm attn_norm attn_qkv attn_output ffn_norm ffn_up ffn_down attn_q_norm attn_k_norm',
  ),
  tokenizer: { kinds: ['bpe', 'sentencepiece'], after: ['sea-lion'] },
  unproven: true,
} as const satisfies Architecture;

import { family } from '../family.js';

/** Early decoders whose queries, keys and values come together. */

const NAMES = 'token_embd output output_norm attn_norm attn_qkv attn_output ffn_up ffn_down';
const HEADS = 'n_head|num_attention_heads';
const SIZE = 'hidden_size|n_embed';
/** Each head has its query, key and value together; the file has all queries first, then all keys, then all values. */
const HEADS_APART = `attn_qkv.weight: reshape(${HEADS}, 3, -1, ${SIZE}), permute(1, 0, 2, 3), reshape(-1, ${SIZE})
  attn_qkv.bias: reshape(${HEADS}, 3, -1), permute(1, 0, 2), reshape(-1)`;
export const bloom = family`bloom: BloomForCausalLM BloomModel (bigscience/bloom-560m)
  keys: context_length = seq_length? else ${SIZE}; embedding_length[] = ${SIZE}; feed_forward_length = ${SIZE} * 4
    block_count = @block_count; attention.head_count[] = ${HEADS}; attention.head_count_kv[] = ${HEADS}
    attention.layer_norm_epsilon = layer_norm_epsilon; general.file_type = @file_type
  tensors: ${NAMES} ffn_norm token_embd_norm; ${HEADS_APART}; strip: transformer.`;

/** GPT-NeoX and Pythia. ref-quirk: conversion/gptneox.py writes no `general.file_type`. */
export const gptneox = family`gptneox: GPTNeoXForCausalLM (EleutherAI/pythia-70m)
  keys: context_length[] = max_position_embeddings; embedding_length[] = hidden_size; block_count = @block_count
    feed_forward_length[] = intermediate_size; rope.dimension_count = floor($EQUAL_SHARE * rotary_pct)
    attention.head_count[] = num_attention_heads; use_parallel_residual = use_parallel_residual?true
    attention.layer_norm_epsilon = layer_norm_eps
  tensors: ${NAMES} ffn_norm; ${HEADS_APART}`;

const SHARING = `${HEADS} // @falcon_kv_heads`;
export const falcon = family`falcon: FalconForCausalLM RWForCausalLM (tiiuae/falcon-7b)
  keys: context_length[] = 2048; tensor_data_layout = "jploski"; embedding_length[] = hidden_size
    feed_forward_length = hidden_size * 4; block_count = @block_count
    attention.head_count[] = num_attention_heads|n_head; attention.head_count_kv[] = @falcon_kv_heads
    attention.layer_norm_epsilon = layer_norm_epsilon; general.file_type = @file_type
  # A key and a value follow the queries that share them; the file has all queries first, then keys, then values.
  tensors: ${NAMES} attn_norm_2
    attn_qkv: reshape(@falcon_kv_heads, ${SHARING} + 2, ${SIZE} // ${HEADS}, -1), split(1, ${SHARING}, 1, 1),
    reshape(-1, ${SIZE}), concat(0)`;

/** ref-quirk: conversion/mpt.py writes no `general.file_type`. */
export const mpt = family`mpt: MPTForCausalLM (anas-awadalla/mpt-7b)
  keys: context_length[] = max_seq_len; embedding_length[] = d_model; block_count = @block_count
    feed_forward_length = d_model * 4; attention.head_count[] = n_heads
    attention.head_count_kv = attn_config/kv_n_heads? when set attn_config/kv_n_heads
    attention.layer_norm_epsilon = 1e-5; attention.clamp_kqv = attn_config/clip_qkv?
    attention.max_alibi_bias = attn_config/alibi_bias_max? when set attn_config/alibi
    attention.max_alibi_bias = 0 when not set attn_config/alibi
  tensors: ${NAMES} position_embd ffn_norm $QK_NORMS; tokenizer: bpe sentencepiece, after sea-lion`;

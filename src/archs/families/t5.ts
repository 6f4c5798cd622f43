import { family } from '../family.js';

/** @param blocks of the decoder. @param start the token that it starts with. */
const keysOf = (blocks = '', start = '') => `
  context_length = n_positions?512; embedding_length = d_model; feed_forward_length = d_ff; block_count = @block_count
  ${blocks}; attention.head_count = num_heads; attention.key_length = d_kv; attention.value_length = d_kv
  attention.layer_norm_epsilon = layer_norm_epsilon; attention.relative_buckets_count = relative_attention_num_buckets
  attention.layer_norm_rms_epsilon = layer_norm_epsilon; ${start}; general.file_type = @file_type`;
const attention = (to: string, from: string, module: string) => `
  ${to}_norm.* = ${from}.layer_norm.*; ${to}_q.* = ${from}.${module}.q.*; ${to}_k.* = ${from}.${module}.k.*
  ${to}_v.* = ${from}.${module}.v.*; ${to}_o.* = ${from}.${module}.o.*
  ${to}_rel_b.* = ${from}.${module}.relative_attention_bias.*`;
const feedForward = (to: string, from: string) => `
  ${to}_norm.* = ${from}.layer_norm.*; ${to}_gate.* = ${from}.DenseReluDense.wi_0.*
  ${to}_up.* = ${from}.DenseReluDense.wi.* | ${from}.DenseReluDense.wi_1.*; ${to}_down.* = ${from}.DenseReluDense.wo.*`;
// A checkpoint has the embeddings under one of these names, or under several.
const ENCODER = `token_embd.* = shared.* | encoder.embed_tokens.* | decoder.embed_tokens.* first; output.* = lm_head.*
  enc.output_norm.* = encoder.final_layer_norm.*
  ${attention('enc.blk.{b}.attn', 'encoder.block.{b}.layer.0', 'SelfAttention')}
  ${feedForward('enc.blk.{b}.ffn', 'encoder.block.{b}.layer.1')}`;
export const t5 = family`t5: T5WithLMHeadModel T5ForConditionalGeneration MT5ForConditionalGeneration
    UMT5ForConditionalGeneration UMT5Model (google/flan-t5-small)
  keys: ${keysOf('decoder_block_count = @decoder_block_count', 'decoder_start_token_id = decoder_start_token_id?')}
  tensors: ${ENCODER}; dec.output_norm.* = decoder.final_layer_norm.*
    ${attention('dec.blk.{b}.attn', 'decoder.block.{b}.layer.0', 'SelfAttention')}
    ${attention('dec.blk.{b}.cross_attn', 'decoder.block.{b}.layer.1', 'EncDecAttention')}
    ${feedForward('dec.blk.{b}.ffn', 'decoder.block.{b}.layer.2')}
  blockLimit: max(@block_count, @decoder_block_count); tokenizer: t5`;

export const t5Encoder = family`t5encoder: T5EncoderModel (sentence-transformers/sentence-t5-base) like ${t5}
  keys: ${keysOf()}; tensors: ${ENCODER}`;

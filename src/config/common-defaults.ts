// biome-ignore-all format: one line a version
import type { JsonObject } from '../json.js';

/** The versions of transformers that are recorded: 4 is 4.57.6, and 5 is 5.23.0 for types that 4.57.6 does not have. */
export type Version = 4 | 5;

/** The fields that `PretrainedConfig` gives every class. */
export const COMMON_DEFAULTS: Readonly<Record<Version, JsonObject>> = {
  4: { return_dict: true, output_hidden_states: false, torchscript: false, pruned_heads: {}, tie_word_embeddings: true, chunk_size_feed_forward: 0, is_encoder_decoder: false, is_decoder: false, cross_attention_hidden_size: null, add_cross_attention: false, tie_encoder_decoder: false, architectures: null, finetuning_task: null, id2label: { 0: 'LABEL_0', 1: 'LABEL_1' }, label2id: { LABEL_0: 0, LABEL_1: 1 }, task_specific_params: null, problem_type: null, tokenizer_class: null, prefix: null, bos_token_id: null, pad_token_id: null, eos_token_id: null, sep_token_id: null, decoder_start_token_id: null, max_length: 20, min_length: 0, do_sample: false, early_stopping: false, num_beams: 1, temperature: 1, top_k: 50, top_p: 1, typical_p: 1, repetition_penalty: 1, length_penalty: 1, no_repeat_ngram_size: 0, encoder_no_repeat_ngram_size: 0, bad_words_ids: null, num_return_sequences: 1, output_scores: false, return_dict_in_generate: false, forced_bos_token_id: null, forced_eos_token_id: null, remove_invalid_values: false, exponential_decay_length_penalty: null, suppress_tokens: null, begin_suppress_tokens: null, num_beam_groups: 1, diversity_penalty: 0, tf_legacy_loss: false, use_bfloat16: false, output_attentions: false },
  5: { return_dict: true, output_hidden_states: false, output_attentions: false, chunk_size_feed_forward: 0, is_encoder_decoder: false, architectures: null, id2label: { 0: 'LABEL_0', 1: 'LABEL_1' }, label2id: { LABEL_0: 0, LABEL_1: 1 }, problem_type: null },
};

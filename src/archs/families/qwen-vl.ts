import { family } from '../family.js';
import { QWEN_MOE_KEYS, QWEN3_KEYS, qwen3, qwen3moe } from './qwen.js';

/** The language models of Qwen2-VL, Qwen2.5-VL and Qwen2.5-Omni. */
export const qwen2vl = family`qwen2vl: Qwen2VLModel Qwen2VLForConditionalGeneration Qwen2_5_VLForConditionalGeneration
    Qwen2_5OmniModel (Qwen/Qwen2.5-VL-3B-Instruct); tensors: $DENSE; strip: thinker.; tokenizer: sentencepiece bpe`;

const DEEPSTACK = 'n_deepstack_layers = @deepstack_layer_count';
const NO_DEEPSTACK = 'n_deepstack_layers = 0';
export const qwen3vl = family`qwen3vl: Qwen3VLForConditionalGeneration (Qwen/Qwen3-VL-4B-Instruct) like ${qwen3}
  keys: + ${DEEPSTACK}; strip: thinker.`;

export const qwen3asr = family`qwen3vl: Qwen3ASRForConditionalGeneration (Qwen/Qwen3-ASR-0.6B-hf) like ${qwen3vl}
  keys: ${QWEN3_KEYS}; ${NO_DEEPSTACK}; tokenizer: sentencepiece bpe, after chatml-template im-end-ids`;

/** All experts in one tensor, with inputs before outputs: `[experts, size, 2 * own]`. */
const TRANSPOSED_EXPERTS = `.ffn_down_exps.weight = .mlp.experts.down_proj[.weight]: transpose(1, 2)
  .ffn_gate_exps.weight = .mlp.experts.gate_up_proj[.weight]: chunk(2, 2), take(0), transpose(1, 2)
  .ffn_up_exps.weight = .mlp.experts.gate_up_proj[.weight]: chunk(2, 2), take(1), transpose(1, 2)`;
export const qwen3vlmoe = family`qwen3vlmoe: Qwen3VLMoeForConditionalGeneration (Qwen/Qwen3-VL-30B-A3B-Instruct)
    like ${qwen3moe}
  keys: + ${DEEPSTACK}
  tensors: $DENSE ffn_gate_inp $QK_NORMS; $EXPERTS; ${TRANSPOSED_EXPERTS}; strip: thinker.`;

export const qwen3omnimoe = family`qwen3vlmoe: Qwen3OmniMoeForConditionalGeneration (Qwen/Qwen3-Omni-30B-A3B-Instruct)
    like ${qwen3vlmoe}
  keys: ${QWEN_MOE_KEYS}; ${NO_DEEPSTACK}; tokenizer: bpe, after im-end-ids`;

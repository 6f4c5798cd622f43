import type { Architecture, KeyRow, TensorRule } from './architecture.js';
import { block, DENSE_TENSORS, TEXT_MODEL } from './shared-tensors.js';
import { TEXT_KEYS } from './text-keys.js';

export const LLAMA_TENSORS: readonly TensorRule[] = [
  ...DENSE_TENSORS,
  block('attn_q', ['self_attn.q_proj'], ['rotary', 'head_count']),
  block('attn_k', ['self_attn.k_proj'], ['rotary', 'kv_head_count']),
];

export const LLAMA_KEYS: readonly KeyRow[] = [
  ...TEXT_KEYS,
  ['{arch}.vocab_size', 'u32', { fields: ['vocab_size'], required: true }],
  ['{arch}.rope.dimension_count', 'u32', { derive: 'head_dim' }],
];

export const llama = {
  ...TEXT_MODEL,
  classes: [
    'LLaMAForCausalLM',
    'LlamaForCausalLM',
    'MistralForCausalLM',
    'VLlama3ForCausalLM',
    'IQuestCoderForCausalLM',
    'LlamaModel',
  ],
  gguf: 'llama',
  example: 'unsloth/Llama-3.2-1B-Instruct',
  keys: LLAMA_KEYS,
  tensors: LLAMA_TENSORS,
  strip: ['text_model.'],
  extra: ['rope_freqs'],
  tokenizer: {
    before: ['add-space-prefix'],
    kinds: ['tekken', 'hybrid-dna', 'sentencepiece', 'llama-hf', 'bpe'],
    after: ['code-llama-infill', 'granite-no-bos'],
  },
} as const satisfies Architecture;

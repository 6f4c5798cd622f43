import type { Architecture, KeyRow } from '../architecture.js';
import { DENSE, ROTARY, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { TEXT_KEYS } from '../text-keys.js';

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
  tensors: named(DENSE, ROTARY),
  strip: ['text_model.'],
  extra: ['rope_freqs'],
  tokenizer: {
    before: ['add-space-prefix'],
    kinds: ['tekken', 'hybrid-dna', 'sentencepiece', 'llama-hf', 'bpe'],
    after: ['code-llama-infill', 'granite-no-bos'],
  },
} as const satisfies Architecture;

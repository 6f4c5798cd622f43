import type { Architecture } from '../architecture.js';
import { DENSE, TEXT_MODEL, tied } from '../rules.js';
import { named } from '../tensor-names.js';
import { needed, TEXT_KEYS } from '../text-keys.js';

export const panguEmbedded = {
  ...TEXT_MODEL,
  classes: ['PanguEmbeddedForCausalLM'],
  gguf: 'pangu-embedded',
  example: 'FreedomIntelligence/openPangu-Embedded-7B-V1.1',
  keys: [
    ...TEXT_KEYS,
    needed('vocab_size', 'u32', 'vocab_size'),
    ['{arch}.rope.dimension_count', 'u32', { derive: 'head_dim' }],
    ['{arch}.attention.key_length', 'u32', { derive: 'head_dim' }],
    ['{arch}.attention.value_length', 'u32', { derive: 'head_dim' }],
  ],
  tensors: [...named(DENSE.replace(' output ', ' ')), ...tied('output', 'lm_head.weight')],
  tokenizer: { kinds: ['sentencepiece'], after: ['add-space-prefix'] },
} as const satisfies Architecture;

import type { Architecture, KeyRow } from '../architecture.js';
import { DENSE, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { TEXT_KEYS } from '../text-keys.js';

export const QWEN2_KEYS: readonly KeyRow[] = [...TEXT_KEYS, ['{arch}.pooling_type', 'u32', { derive: 'pooling_type' }]];

export const qwen2 = {
  ...TEXT_MODEL,
  classes: [
    'Qwen2ForCausalLM',
    'Qwen2Model',
    'Qwen2AudioForConditionalGeneration',
    'KORMoForCausalLM',
    'AudioFlamingo3ForConditionalGeneration',
    'DotsOCRForCausalLM',
  ],
  gguf: 'qwen2',
  example: 'Qwen/Qwen2.5-7B-Instruct',
  keys: QWEN2_KEYS,
  tensors: named(DENSE),
  tokenizer: { kinds: ['sentencepiece', 'bpe'] },
} as const satisfies Architecture;

import type { Architecture, KeyRow, TensorRule } from './architecture.js';
import { block, DENSE_TENSORS, TEXT_MODEL } from './shared-tensors.js';
import { TEXT_KEYS } from './text-keys.js';

export const QWEN2_TENSORS: readonly TensorRule[] = [
  ...DENSE_TENSORS,
  block('attn_q', ['self_attn.q_proj']),
  block('attn_k', ['self_attn.k_proj']),
];

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
  tensors: QWEN2_TENSORS,
  tokenizer: { kinds: ['sentencepiece', 'bpe'] },
} as const satisfies Architecture;

import type { Architecture } from './architecture.js';
import { QWEN2_KEYS, QWEN2_TENSORS } from './qwen2.js';
import { block, TEXT_MODEL } from './shared-tensors.js';

export const qwen3 = {
  ...TEXT_MODEL,
  classes: ['Qwen3ForCausalLM', 'Qwen3Model'],
  gguf: 'qwen3',
  example: 'Qwen/Qwen3-8B',
  keys: QWEN2_KEYS,
  tensors: [...QWEN2_TENSORS, block('attn_q_norm', ['self_attn.q_norm']), block('attn_k_norm', ['self_attn.k_norm'])],
  tokenizer: { kinds: ['sentencepiece', 'bpe'] },
} as const satisfies Architecture;

import type { Architecture } from '../architecture.js';
import { DENSE, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { QWEN2_KEYS } from './qwen2.js';

export const qwen3 = {
  ...TEXT_MODEL,
  classes: ['Qwen3ForCausalLM', 'Qwen3Model'],
  gguf: 'qwen3',
  example: 'Qwen/Qwen3-8B',
  keys: QWEN2_KEYS,
  tensors: named(`${DENSE} attn_q_norm attn_k_norm`),
  tokenizer: { kinds: ['sentencepiece', 'bpe'] },
} as const satisfies Architecture;

import type { Architecture } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { TEXT_KEYS } from '../text-keys.js';

/** The first Qwen. */
export const qwen = {
  ...TEXT_MODEL,
  classes: ['QWenLMHeadModel'],
  gguf: 'qwen',
  example: 'Qwen/Qwen-1_8B',
  keys: TEXT_KEYS,
  tensors: named('token_embd output_norm output attn_norm attn_qkv attn_output ffn_norm ffn_gate ffn_up ffn_down'),
  tokenizer: { kinds: ['qwen-tiktoken', 'bpe'] },
} as const satisfies Architecture;

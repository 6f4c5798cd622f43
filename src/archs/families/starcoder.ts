import type { Architecture } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, fourTimes, needed, TEXT_KEYS } from '../text-keys.js';

const TENSORS = 'token_embd position_embd output output_norm attn_norm attn_qkv attn_output ffn_norm ffn_up ffn_down';

export const starcoder = {
  ...TEXT_MODEL,
  classes: ['GPTBigCodeForCausalLM'],
  gguf: 'starcoder',
  example: 'bigcode/gpt_bigcode-santacoder',
  keys: [
    needed('context_length', 'u32', 'n_positions'),
    needed('embedding_length', 'u32', 'n_embd'),
    fourTimes('n_embd'),
    BLOCK_COUNT,
    needed('attention.head_count', 'u32', 'n_head'),
    ['{arch}.attention.head_count_kv', 'u32', { value: 1 }],
    needed('attention.layer_norm_epsilon', 'f32', 'layer_norm_epsilon'),
    FILE_TYPE,
  ],
  tensors: named(TENSORS),
} as const satisfies Architecture;

export const starcoder2 = {
  ...TEXT_MODEL,
  classes: ['Starcoder2ForCausalLM'],
  gguf: 'starcoder2',
  example: 'bigcode/starcoder2-3b',
  keys: TEXT_KEYS,
  tensors: named(
    'token_embd output output_norm attn_norm attn_qkv attn_q attn_k attn_v attn_output ffn_norm ffn_up ffn_down',
  ),
} as const satisfies Architecture;

export const codeshell = {
  ...starcoder,
  classes: ['CodeShellForCausalLM'],
  gguf: 'codeshell',
  example: 'WisdomShell/CodeShell-7B',
  keys: [
    ...starcoder.keys,
    needed('attention.head_count_kv', 'u32', 'num_query_groups'),
    ['{arch}.rope.freq_base', 'f32', { value: 10000 }],
    ['{arch}.rope.scaling.type', 'string', { value: 'linear' }],
    ['{arch}.rope.scaling.factor', 'f32', { value: 1 }],
  ],
} as const satisfies Architecture;

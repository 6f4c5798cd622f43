import type { Architecture, Condition, KeyRow, Value } from '../architecture.js';
import { DENSE, TEXT_MODEL, under } from '../rules.js';
import { named } from '../tensor-names.js';
import { TEXT_KEYS } from '../text-keys.js';

const SEARCHED: Condition = { field: 'block_configs', exists: true };
const NEMOTRON: Condition = { value: { fields: ['vocab_size'], or: 128256 }, is: 128256 };

const HEAD_SIZE: Value = { math: 'quotient', of: [{ fields: ['hidden_size'] }, { fields: ['num_attention_heads'] }] };

/** Models whose blocks were found by a search have `block_configs`, and keys of their own. */
const SEARCHED_KEYS: readonly KeyRow[] = [
  ['{arch}.rope.freq_base', 'f32', { fields: ['rope_theta'], of: 'rope_root' }],
  ['{arch}.attention.head_count_kv', 'i32[]', { derive: 'deci_kv_heads' }],
  ['{arch}.attention.head_count', 'i32[]', { derive: 'deci_heads' }],
  ['{arch}.feed_forward_length', 'i32[]', { derive: 'deci_feed_forward' }],
  ['{arch}.block_count', 'u32', { derive: 'block_count' }],
  ['{arch}.context_length', 'u32', { fields: ['max_position_embeddings'], required: true }],
  ['{arch}.embedding_length', 'u32', { fields: ['hidden_size'], required: true }],
  ['{arch}.attention.layer_norm_rms_epsilon', 'f32', { fields: ['rms_norm_eps'], required: true }],
  ['{arch}.attention.key_length', 'u32', HEAD_SIZE],
  ['{arch}.attention.value_length', 'u32', HEAD_SIZE],
  ['general.file_type', 'u32', { derive: 'file_type' }],
];

/** Blocks of different kinds: with attention, with linear attention, or without either. */
export const deci = {
  ...TEXT_MODEL,
  classes: ['DeciLMForCausalLM'],
  when: { not: NEMOTRON },
  gguf: 'deci',
  example: 'Deci/DeciLM-7B',
  keys: [
    ...under(SEARCHED, SEARCHED_KEYS),
    ...under({ not: SEARCHED }, [
      ...TEXT_KEYS,
      ['{arch}.attention.head_count_kv', 'i32[]', { fields: ['num_key_value_heads_per_layer'] }],
    ]),
    ['{arch}.vocab_size', 'u32', { fields: ['vocab_size'], required: true }],
    ['{arch}.rope.dimension_count', 'u32', { derive: 'head_dim' }],
  ],
  tensors: named(DENSE, {
    attn_q: [['rotary', 'head_count']],
    attn_k: [['rotary', { derive: 'deci_kv_heads' }]],
  }),
  extra: ['rope_freqs'],
  tokenizer: { kinds: ['llama-hf'] },
} as const satisfies Architecture;

/** The vocabulary of Llama 3. */
export const nemotronNas = {
  ...deci,
  when: NEMOTRON,
  example: 'nvidia/Llama-3_1-Nemotron-51B-Instruct',
  tokenizer: { kinds: ['bpe'] },
  unproven: true,
} as const satisfies Architecture;

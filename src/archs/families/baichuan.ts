import type { Architecture, KeyRow, TensorRule, Transform } from '../architecture.js';
import { DENSE, ROTARY, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, EQUAL_SHARE, FILE_TYPE, keyRows, TEXT_KEYS } from '../text-keys.js';

const LAYOUT: KeyRow = ['{arch}.tensor_data_layout', 'string', { value: 'Meta AI original pth' }];
const EMBEDDED = 'token_embd output_norm output attn_norm attn_output ffn_norm ffn_gate ffn_up ffn_down';

const packed = (to: string, i: number, ...then: Transform[]): TensorRule => ({
  from: ['{L}.self_attn.W_pack.weight'],
  to: `blk.{b}.${to}.weight`,
  via: [['chunk', 0, 3], ['take', i], ...then],
});

/** Baichuan 1 and 2, whose queries, keys and values lie in one tensor. The reference does not end on them. */
export const baichuan = {
  ...TEXT_MODEL,
  classes: ['BaichuanForCausalLM', 'BaiChuanForCausalLM'],
  gguf: 'baichuan',
  example: 'baichuan-inc/Baichuan2-7B-Chat',
  keys: [...TEXT_KEYS, LAYOUT, ['{arch}.rope.dimension_count', 'u32', EQUAL_SHARE]],
  tensors: [
    ...named(EMBEDDED),
    packed('attn_q', 0, ...ROTARY.attn_q),
    packed('attn_k', 1, ...ROTARY.attn_q),
    packed('attn_v', 2),
  ],
  tokenizer: { kinds: ['sentencepiece'] },
  unproven: true,
} as const satisfies Architecture;

export const xverse = {
  ...TEXT_MODEL,
  classes: ['XverseForCausalLM'],
  gguf: 'xverse',
  example: 'xverse/XVERSE-7B',
  keys: baichuan.keys,
  tensors: named(DENSE, { 'attn_q.weight': ROTARY.attn_q, 'attn_k.weight': ROTARY.attn_k }),
  tokenizer: { kinds: ['xverse'] },
} as const satisfies Architecture;

/** Its norms are no RMS norms, whatever the field is called. */
export const orion = {
  ...baichuan,
  classes: ['OrionForCausalLM'],
  gguf: 'orion',
  example: 'OrionStarAI/Orion-14B-Base',
  keys: [
    FILE_TYPE,
    LAYOUT,
    ...keyRows('u32', 'context_length=max_sequence_length|max_position_embeddings|model_max_length'),
    ...keyRows('u32', 'embedding_length=hidden_size'),
    BLOCK_COUNT,
    ...keyRows('u32', 'feed_forward_length=intermediate_size attention.head_count=num_attention_heads'),
    ['{arch}.attention.head_count_kv', 'u32', { derive: 'kv_head_count' }],
    ...keyRows('f32', 'attention.layer_norm_epsilon=rms_norm_eps'),
  ],
  tensors: named(DENSE),
} as const satisfies Architecture;

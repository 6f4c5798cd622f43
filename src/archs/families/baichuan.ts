import type { Architecture, Condition, KeyRow, TensorRule, Transform } from '../architecture.js';
import { DENSE, given, ROTARY, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, HEAD_SHARE, required, TEXT_KEYS } from '../text-keys.js';

const LAYOUT: KeyRow = ['{arch}.tensor_data_layout', 'string', { value: 'Meta AI original pth' }];
const SPM = { kinds: ['sentencepiece'] } as const;

const KEYS: readonly KeyRow[] = [...TEXT_KEYS, LAYOUT, ['{arch}.rope.dimension_count', 'u32', HEAD_SHARE]];

/**
 * ref-quirk: `_reverse_hf_permute` in conversion/baichuan.py and conversion/xverse.py takes the queries of each key-value
 * head for the number of heads where there are fewer key-value heads. No released model has fewer.
 */
const HAS_ALL_HEADS: Condition = {
  value: { math: 'sub', of: [{ derive: 'head_count' }, { derive: 'kv_head_count' }] },
  is: 0,
};
const OF_GROUPS: Transform = [
  'rotary',
  { math: 'quotient', of: [{ derive: 'head_count' }, { derive: 'kv_head_count' }] },
];

const third = (i: number): readonly Transform[] => [
  ['chunk', 0, 3],
  ['take', i],
];
const packed = (to: string, i: number, ...then: Transform[]): TensorRule => ({
  from: ['{L}.self_attn.W_pack.weight'],
  to: `blk.{b}.${to}.weight`,
  via: [...third(i), ...then],
});

/** Baichuan 1 and 2, whose queries, keys and values lie in one tensor. */
export const baichuan = {
  ...TEXT_MODEL,
  classes: ['BaichuanForCausalLM', 'BaiChuanForCausalLM'],
  gguf: 'baichuan',
  example: 'baichuan-inc/Baichuan2-7B-Chat',
  keys: KEYS,
  tensors: [
    ...named('token_embd output_norm output attn_norm attn_output ffn_norm ffn_gate ffn_up ffn_down'),
    packed('attn_q', 0, ...ROTARY.attn_q),
    ...given(HAS_ALL_HEADS, [packed('attn_k', 1, ...ROTARY.attn_q)]),
    ...given({ not: HAS_ALL_HEADS }, [packed('attn_k', 1, OF_GROUPS)]),
    packed('attn_v', 2),
  ],
  tokenizer: SPM,
  unproven: true,
} as const satisfies Architecture;

export const xverse = {
  ...TEXT_MODEL,
  classes: ['XverseForCausalLM'],
  gguf: 'xverse',
  example: 'xverse/XVERSE-7B',
  keys: KEYS,
  tensors: [
    ...named(DENSE.replace(' attn_k ', ' '), { 'attn_q.weight': ROTARY.attn_q }),
    ...given(HAS_ALL_HEADS, named('attn_k', { 'attn_k.weight': ROTARY.attn_q })),
    ...given({ not: HAS_ALL_HEADS }, named('attn_k', { 'attn_k.weight': [OF_GROUPS] })),
  ],
  tokenizer: { kinds: ['xverse', 'sentencepiece'] },
} as const satisfies Architecture;

export const orion = {
  ...TEXT_MODEL,
  classes: ['OrionForCausalLM'],
  gguf: 'orion',
  example: 'OrionStarAI/Orion-14B-Base',
  keys: [
    FILE_TYPE,
    LAYOUT,
    [
      '{arch}.context_length',
      'u32',
      { fields: ['max_sequence_length', 'max_position_embeddings', 'model_max_length'], required: true },
    ],
    ['{arch}.embedding_length', 'u32', required('hidden_size')],
    BLOCK_COUNT,
    ['{arch}.feed_forward_length', 'u32', required('intermediate_size')],
    ['{arch}.attention.head_count', 'u32', required('num_attention_heads')],
    [
      '{arch}.attention.head_count_kv',
      'u32',
      { first: [{ fields: ['num_key_value_heads'] }, { derive: 'head_count' }] },
    ],
    // Its norms are no RMS norms, whatever the field is called.
    ['{arch}.attention.layer_norm_epsilon', 'f32', required('rms_norm_eps')],
  ],
  tensors: named(DENSE),
  tokenizer: SPM,
  unproven: true,
} as const satisfies Architecture;

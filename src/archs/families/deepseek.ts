import type { Architecture, Condition, KeyRow, TensorRule, Transform, Value } from '../architecture.js';
import { DENSE, DOWN_GATE_UP, experts, NEXTN, NEXTN_KEY, NEXTN_TENSORS, ROTARY, TEXT_MODEL, tied } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, keyRows, NO_SCALING, required, revised, TEXT_KEYS, whereSet } from '../text-keys.js';

const SHARED_EXPERTS = 'ffn_gate_inp ffn_gate_shexp ffn_up_shexp ffn_down_shexp';

/** DeepSeekMoE, the first of the family. */
export const deepseek = {
  ...TEXT_MODEL,
  classes: ['DeepseekForCausalLM'],
  gguf: 'deepseek',
  example: 'deepseek-ai/deepseek-moe-16b-chat',
  keys: [
    ...TEXT_KEYS,
    ['{arch}.rope.dimension_count', 'u32', { derive: 'head_dim' }],
    NO_SCALING,
    ...keyRows('u32', 'leading_dense_block_count=first_k_dense_replace vocab_size=vocab_size'),
    ...keyRows('u32', 'expert_feed_forward_length=moe_intermediate_size'),
    ['{arch}.expert_weights_scale', 'f32', { value: 1 }],
    ...keyRows('u32', 'expert_count=n_routed_experts expert_shared_count=n_shared_experts'),
  ],
  tensors: [...named(`${DENSE} ${SHARED_EXPERTS}`, ROTARY), ...experts('mlp.experts.{x}.{p}', DOWN_GATE_UP)],
  tokenizer: { kinds: ['sentencepiece', 'bpe'] },
} as const satisfies Architecture;

const KV_RANK: Value = { fields: ['kv_lora_rank'], or: 512 };
const sum = (...names: string[]): Value => ({ math: 'add', of: names.map(required) });

/** Attention with a latent of keys and values, which runs as one key-value head that is as wide as the latent. */
export const MLA_SIZES: readonly KeyRow[] = [
  ['{arch}.attention.key_length', 'u32', { math: 'add', of: [KV_RANK, required('qk_rope_head_dim')] }],
  ['{arch}.attention.value_length', 'u32', KV_RANK],
  ['{arch}.attention.key_length_mla', 'u32', sum('qk_nope_head_dim', 'qk_rope_head_dim')],
  ...keyRows('u32', 'attention.value_length_mla=v_head_dim'),
];
export const MLA_RANK: KeyRow = ['{arch}.attention.kv_lora_rank', 'u32', KV_RANK];
export const MLA = 'attn_q attn_q_a attn_q_a_norm attn_q_b attn_kv_a_mqa attn_kv_a_norm attn_output';

const kvPart = (name: string, ...then: Transform[]): TensorRule => ({
  from: ['{L}.self_attn.kv_b_proj.weight'],
  to: `blk.{b}.${name}.weight`,
  via: [
    ['reshape', 'num_key_value_heads', sum('qk_nope_head_dim', 'v_head_dim'), KV_RANK],
    ['split', 1, 'qk_nope_head_dim', 'v_head_dim'],
    ...then,
  ],
});
/** `kv_b_proj` as the two matrices that it is made of: that of the keys is applied to queries, so it is transposed. */
export const KV_B = [kvPart('attn_k_b', ['take', 0], ['transpose', 1, 2]), kvPart('attn_v_b', ['take', 1])];

const HAS_EXPERTS: Condition = { value: fields('n_routed_experts'), above: -1 };
const leading = (or: Value, when: Condition): KeyRow => [
  ...(['{arch}.leading_dense_block_count', 'u32', { first: [fields('first_k_dense_replace'), or] }] as const),
  when,
];
const EPSILON: KeyRow = ['{arch}.attention.layer_norm_rms_epsilon', 'f32', { fields: ['rms_norm_eps'], or: 1e-6 }];
const ONE_HEAD: KeyRow = ['{arch}.attention.head_count_kv', 'u32|i32[]', { value: 1 }];

/** The keys of the family; those of its attention stand among them. */
const keysWith = (text: readonly KeyRow[], ...attention: KeyRow[]): readonly KeyRow[] => [
  ...text,
  leading({ value: 0 }, HAS_EXPERTS),
  leading(required('num_hidden_layers'), { not: HAS_EXPERTS }),
  ...keyRows('u32', 'vocab_size=vocab_size attention.q_lora_rank=q_lora_rank?'),
  ...attention,
  ...keyRows(
    'u32',
    'expert_feed_forward_length=moe_intermediate_size|intermediate_size expert_count=n_routed_experts?',
  ),
  ['{arch}.expert_shared_count', 'u32', { fields: ['n_shared_experts'], or: 0 }],
  ...keyRows('f32', 'expert_weights_scale=routed_scaling_factor?'),
  whereSet('expert_weights_norm', 'bool', 'norm_topk_prob'),
  ...keyRows('u32', 'rope.dimension_count=qk_rope_head_dim'),
];

/** ref-quirk: `DeepseekV2Model.set_gguf_parameters` multiplies with 0.1, other families that write the key do not. */
const YARN_MULTIPLIER: KeyRow = [
  ...(['{arch}.rope.scaling.yarn_log_multiplier', 'f32'] as const),
  { math: 'mul', of: [{ value: 0.1 }, { fields: ['mscale_all_dim'], of: 'rope_root' }] },
];
export const DEEPSEEK2_KEYS: readonly KeyRow[] = [
  ...keysWith(revised(TEXT_KEYS, ONE_HEAD, EPSILON), MLA_RANK, ...MLA_SIZES),
  YARN_MULTIPLIER,
];

/** Tensors beside `output` that all of the family have. */
export const DEEPSEEK2_TENSORS = `token_embd output_norm attn_norm ffn_norm ffn_gate ffn_up ffn_down ${SHARED_EXPERTS} exp_probs_b`;

/** The rules of the family. A head that is tied to the embedding is not written. */
export const deepseek2Tensors = (names: string): readonly TensorRule[] => [
  ...named(`${DEEPSEEK2_TENSORS} ${names}`),
  ...tied('output', 'lm_head.weight', 'model.lm_head.weight'),
  ...experts('mlp.experts.{x}.{p}', DOWN_GATE_UP),
];

const OCR_CLASSES = ['DeepseekOCRForCausalLM', 'DeepseekOCR2ForCausalLM', 'UnlimitedOCRForCausalLM'] as const;
const IS_OCR: Condition = { derive: 'origin', is: OCR_CLASSES };

/** What DeepSeek V2 and those that are made of it have in common. */
export const DEEPSEEK2 = {
  ...TEXT_MODEL,
  gguf: 'deepseek2',
  tokenizer: { kinds: ['bpe', 'kimi-tiktoken'] },
  keys: DEEPSEEK2_KEYS,
  ignore: [...TEXT_MODEL.ignore, '*sam_model*', '*qwen2_model*'],
} as const;

/** DeepSeek V2 and V3, and what is built like them; blocks for multi-token prediction are dropped. */
export const deepseek2 = {
  ...DEEPSEEK2,
  classes: [
    ...['DeepseekV2ForCausalLM', 'DeepseekV3ForCausalLM', 'KimiVLForConditionalGeneration'],
    ...['KimiK25ForConditionalGeneration', 'YoutuForCausalLM', 'YoutuVLForConditionalGeneration'],
  ],
  when: { not: IS_OCR },
  example: 'deepseek-ai/DeepSeek-V3',
  tensors: [...deepseek2Tensors(MLA), ...KV_B],
  mtp: { blocks: NEXTN.blocks, convert: 'never' },
  tokenizer: { kinds: ['bpe', 'kimi-tiktoken'] },
} as const satisfies Architecture;

/** The language models of DeepSeek-OCR, whose attention is that of other decoders. */
export const deepseek2ocr = {
  ...deepseek2,
  classes: [...OCR_CLASSES, 'DeepseekV2ForCausalLM', 'DeepseekV3ForCausalLM'],
  when: IS_OCR,
  gguf: 'deepseek2-ocr',
  example: 'deepseek-ai/DeepSeek-OCR',
  keys: [
    ...keysWith(revised(TEXT_KEYS, EPSILON)),
    whereSet('attention.sliding_window', 'u32', 'sliding_window'),
    whereSet('attention.sliding_window', 'u32', 'sliding_window_size'),
    YARN_MULTIPLIER,
  ],
  firstKeys: [['tokenizer.chat_template', 'string', { value: "{% for m in messages %}{{m['content']}}{% endfor %}" }]],
  tensors: deepseek2Tensors('attn_q attn_k attn_v attn_output'),
  unproven: true,
} as const satisfies Architecture;

/** What chooses the tokens that attention looks at. */
export const INDEXER_KEYS = keyRows(
  'u32',
  'attention.indexer.head_count=index_n_heads attention.indexer.key_length=index_head_dim ' +
    'attention.indexer.top_k=index_topk',
);
export const INDEXER = 'indexer.k_norm indexer.proj indexer.attn_k indexer.attn_q_b';

export const deepseek32 = {
  ...DEEPSEEK2,
  classes: ['DeepseekV32ForCausalLM'],
  gguf: 'deepseek32',
  example: 'deepseek-ai/DeepSeek-V3.2-Exp',
  keys: [...DEEPSEEK2_KEYS, NEXTN_KEY, ...INDEXER_KEYS],
  tensors: [...deepseek2Tensors(`${MLA} ${INDEXER} ${NEXTN_TENSORS}`), ...KV_B],
  mtp: { ...NEXTN, plainName: true },
  tokenizer: { before: ['needs-add-bos'], kinds: ['bpe'] },
  unproven: true,
} as const satisfies Architecture;

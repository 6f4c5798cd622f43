import type { Architecture, Condition, KeyRow, TensorRule, Value } from '../architecture.js';
import { DENSE, DOWN_GATE_UP, experts, NEXTN, NEXTN_KEY, NEXTN_TENSORS, ROTARY, TEXT_MODEL, tied } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, required, revised, TEXT_KEYS } from '../text-keys.js';

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
    ['{arch}.rope.scaling.type', 'string', { value: 'none' }],
    ['{arch}.leading_dense_block_count', 'u32', required('first_k_dense_replace')],
    ['{arch}.vocab_size', 'u32', required('vocab_size')],
    ['{arch}.expert_feed_forward_length', 'u32', required('moe_intermediate_size')],
    ['{arch}.expert_weights_scale', 'f32', { value: 1 }],
    ['{arch}.expert_count', 'u32', required('n_routed_experts')],
    ['{arch}.expert_shared_count', 'u32', required('n_shared_experts')],
  ],
  tensors: [...named(`${DENSE} ${SHARED_EXPERTS}`, ROTARY), ...experts('mlp.experts.{x}.{p}', DOWN_GATE_UP)],
  tokenizer: { kinds: ['sentencepiece', 'bpe'] },
} as const satisfies Architecture;

const KV_RANK: Value = { fields: ['kv_lora_rank'], or: 512 };
const sum = (...of: readonly Value[]): Value => ({ math: 'add', of });
const KEY_SIZE = sum(required('qk_nope_head_dim'), required('qk_rope_head_dim'));

/** Attention with a latent of keys and values, which runs as one key-value head that is as wide as the latent. */
export const MLA_KEYS: readonly KeyRow[] = [
  ['{arch}.attention.kv_lora_rank', 'u32', KV_RANK],
  ['{arch}.attention.key_length', 'u32', sum(KV_RANK, required('qk_rope_head_dim'))],
  ['{arch}.attention.value_length', 'u32', KV_RANK],
  ['{arch}.attention.key_length_mla', 'u32', KEY_SIZE],
  ['{arch}.attention.value_length_mla', 'u32', required('v_head_dim')],
];

/** `kv_b_proj` as the two matrices that it is made of: that of the keys is applied to queries, so it is transposed. */
export const KV_B: readonly TensorRule[] = [
  kvPart('attn_k_b', ['take', 0], ['transpose', 1, 2]),
  kvPart('attn_v_b', ['take', 1]),
];

function kvPart(name: string, ...then: NonNullable<TensorRule['via']>): TensorRule {
  const size = sum(required('qk_nope_head_dim'), required('v_head_dim'));
  return {
    from: ['{L}.self_attn.kv_b_proj.weight'],
    to: `blk.{b}.${name}.weight`,
    via: [['reshape', 'num_key_value_heads', size, KV_RANK], ['split', 1, 'qk_nope_head_dim', 'v_head_dim'], ...then],
  };
}

export const MLA = 'attn_q attn_q_a attn_q_a_norm attn_q_b attn_kv_a_mqa attn_kv_a_norm attn_output';

const EXPERT_SIZE: Value = { fields: ['moe_intermediate_size', 'intermediate_size'], required: true };
const HAS_EXPERTS: Condition = { value: fields('n_routed_experts'), above: -1 };
const firstDense = (or: Value): Value => ({ first: [fields('first_k_dense_replace'), or] });

/** What follows the keys of all text models; `mla` stands among them. */
const afterText = (mla: readonly KeyRow[]): readonly KeyRow[] => [
  ['{arch}.leading_dense_block_count', 'u32', firstDense({ value: 0 }), HAS_EXPERTS],
  ['{arch}.leading_dense_block_count', 'u32', firstDense(required('num_hidden_layers')), { not: HAS_EXPERTS }],
  ['{arch}.vocab_size', 'u32', required('vocab_size')],
  ['{arch}.attention.q_lora_rank', 'u32', fields('q_lora_rank')],
  ...mla,
  ['{arch}.expert_feed_forward_length', 'u32', EXPERT_SIZE],
  ['{arch}.expert_count', 'u32', fields('n_routed_experts')],
  ['{arch}.expert_shared_count', 'u32', { fields: ['n_shared_experts'], or: 0 }],
  ['{arch}.expert_weights_scale', 'f32', fields('routed_scaling_factor')],
  ['{arch}.expert_weights_norm', 'bool', fields('norm_topk_prob'), { set: fields('norm_topk_prob') }],
  ['{arch}.rope.dimension_count', 'u32', required('qk_rope_head_dim')],
];

const EPSILON: KeyRow = ['{arch}.attention.layer_norm_rms_epsilon', 'f32', { fields: ['rms_norm_eps'], or: 1e-6 }];

/** ref-quirk: `DeepseekV2Model.set_gguf_parameters` multiplies with 0.1, other families that write the key do not. */
const YARN_MULTIPLIER: KeyRow = [
  ...(['{arch}.rope.scaling.yarn_log_multiplier', 'f32'] as const),
  { math: 'mul', of: [{ value: 0.1 }, { fields: ['mscale_all_dim'], of: 'rope_root' }] },
];

export const DEEPSEEK2_KEYS: readonly KeyRow[] = [
  ...revised(TEXT_KEYS, ['{arch}.attention.head_count_kv', 'u32|i32[]', { value: 1 }], EPSILON),
  ...afterText(MLA_KEYS),
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

/** DeepSeek V2 and V3 and what is built like them: Kimi K2 and VL, Youtu. Blocks for multi-token prediction are dropped. */
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
} as const satisfies Architecture;

/** The language models of DeepSeek-OCR, whose attention is that of other decoders. */
export const deepseek2ocr = {
  ...deepseek2,
  classes: [...OCR_CLASSES, 'DeepseekV2ForCausalLM', 'DeepseekV3ForCausalLM'],
  when: IS_OCR,
  gguf: 'deepseek2-ocr',
  example: 'deepseek-ai/DeepSeek-OCR',
  keys: [
    ...revised(TEXT_KEYS, EPSILON),
    ...afterText([]),
    ['{arch}.attention.sliding_window', 'u32', fields('sliding_window'), { set: fields('sliding_window') }],
    ['{arch}.attention.sliding_window', 'u32', fields('sliding_window_size'), { set: fields('sliding_window_size') }],
    YARN_MULTIPLIER,
  ],
  firstKeys: [['tokenizer.chat_template', 'string', { value: "{% for m in messages %}{{m['content']}}{% endfor %}" }]],
  tensors: deepseek2Tensors('attn_q attn_k attn_v attn_output'),
  unproven: true,
} as const satisfies Architecture;

export const INDEXER_KEYS: readonly KeyRow[] = [
  ['{arch}.attention.indexer.head_count', 'u32', required('index_n_heads')],
  ['{arch}.attention.indexer.key_length', 'u32', required('index_head_dim')],
  ['{arch}.attention.indexer.top_k', 'u32', required('index_topk')],
];

export const INDEXER = 'indexer.k_norm indexer.proj indexer.attn_k indexer.attn_q_b';

/** DeepSeek V3.2, with an indexer that chooses what attention looks at. */
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

import type { Architecture, Condition, KeyRow, Value } from '../architecture.js';
import { DENSE, DOWN_GATE_UP, experts, NEXTN, NEXTN_TENSORS, TEXT_MODEL, tied, WITH_MTP } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, needed, revised, TEXT_KEYS } from '../text-keys.js';

const rope = (name: string, or?: number): Value => ({
  fields: [name],
  of: 'rope_root',
  ...(or !== undefined && { or }),
});
const ropeType = (...is: string[]): Condition => ({ value: rope('rope_type'), is });
const MROPE: Condition = { set: rope('mrope_section') };

/** A base that grows with `alpha`, so that the model takes longer texts than it was trained with. */
const scaledBase = (alpha: number, dimensions: Value): Value => ({
  math: 'mul',
  of: [
    rope('rope_theta', 10000),
    {
      math: 'pow',
      of: [rope('alpha', alpha), { math: 'div', of: [dimensions, { math: 'sub', of: [dimensions, { value: 2 }] }] }],
    },
  ],
});
const scaling = (when: Condition, base: Value): readonly KeyRow[] => [
  ['{arch}.rope.freq_base', 'f32', base, when],
  ['{arch}.rope.scaling.type', 'string', { value: 'none' }, when],
  ['{arch}.rope.scaling.factor', 'f32', { value: 1 }, when],
];
/** config.json says less than the models take. */
const LONG: readonly KeyRow[] = ['rope.scaling.original_context_length', 'context_length'].map((key) => [
  `{arch}.${key}`,
  'u32',
  { value: 256 * 1024 },
  ropeType('dynamic'),
]);

const NO_OUTPUT = DENSE.replace(' output ', ' ');
const HEAD = tied('output', 'lm_head.weight');
const EXPERTS = experts('mlp.experts.{x}.{p}', DOWN_GATE_UP);
const SHARED_EXPERT = 'ffn_gate_inp ffn_gate_shexp ffn_up_shexp ffn_down_shexp';

export const hunyuanMoe = {
  ...TEXT_MODEL,
  classes: ['HunYuanMoEV1ForCausalLM'],
  gguf: 'hunyuan-moe',
  example: 'tencent/Hunyuan-A13B-Instruct',
  keys: [
    ...TEXT_KEYS,
    needed('expert_shared_feed_forward_length', 'u32', 'intermediate_size'),
    ['{arch}.expert_feed_forward_length', 'u32', { derive: 'hunyuan_expert_size' }],
    ['{arch}.expert_used_count', 'u32', { derive: 'hunyuan_experts_used' }],
    ['{arch}.expert_shared_count', 'u32', { derive: 'hunyuan_experts_shared' }],
    ...scaling(
      ropeType('dynamic'),
      scaledBase(1000, { math: 'quotient', of: [fields('hidden_size'), fields('num_attention_heads')] }),
    ),
    ...LONG,
  ],
  tensors: [...HEAD, ...named(`${NO_OUTPUT} ${SHARED_EXPERT} attn_q_norm attn_k_norm`), ...EXPERTS],
  tokenizer: { kinds: ['bpe', 'hunyuan-tiktoken'], after: ['hunyuan-bos'] },
  unproven: true,
} as const satisfies Architecture;

const XDROPE_OR_DYNAMIC = ropeType('dynamic', 'xdrope');
const DENSE_KEYS: readonly KeyRow[] = [
  // `num_experts` is 1 in a dense model.
  ...revised(TEXT_KEYS, ['{arch}.expert_count', 'u32', fields('num_local_experts', 'n_routed_experts')]),
  ...scaling(XDROPE_OR_DYNAMIC, scaledBase(50, { fields: ['head_dim'], required: true })),
];

export const hunyuanDense = {
  ...TEXT_MODEL,
  classes: ['HunYuanDenseV1ForCausalLM'],
  gguf: 'hunyuan-dense',
  example: 'tencent/Hunyuan-4B-Instruct',
  keys: [...DENSE_KEYS, ...LONG],
  tensors: [...HEAD, ...named(`${NO_OUTPUT} attn_q_norm attn_k_norm`)],
  tokenizer: { kinds: ['bpe', 'hunyuan-tiktoken'], mayLackPadding: true, after: ['hunyuan-bos', 'hunyuan-ends'] },
} as const satisfies Architecture;

/** Sections of the rotary dimensions for images; newer files call the type `dynamic`. */
const XDROPE: Condition = { any: [ropeType('xdrope'), { all: [ropeType('dynamic'), MROPE] }] };
const needsRope = (name: string): Value => ({ fields: [name], of: 'rope_root', required: true });
const CONTEXT: Value = { fields: ['max_position_embeddings'], required: true };

export const hunyuanVl = {
  ...hunyuanDense,
  classes: ['HunYuanVLForConditionalGeneration'],
  gguf: 'hunyuan_vl',
  example: 'tencent/HunyuanOCR',
  keys: [
    ...DENSE_KEYS,
    ...LONG.map(([key, type, value]): KeyRow => [key, type, value, { all: [ropeType('dynamic'), { not: MROPE }] }]),
    ['{arch}.rope.freq_base', 'f32', needsRope('rope_theta'), XDROPE],
    ['{arch}.rope.scaling.alpha', 'f32', needsRope('alpha'), XDROPE],
    ['{arch}.rope.scaling.factor', 'f32', rope('factor', 1), XDROPE],
    ['{arch}.rope.scaling.original_context_length', 'u32', CONTEXT, XDROPE],
    ['{arch}.context_length', 'u32', CONTEXT, XDROPE],
    ['{arch}.rope.dimension_sections', 'i32[]', { first: [rope('xdrope_section'), rope('mrope_section')] }, XDROPE],
  ],
} as const satisfies Architecture;

const NEXTN_SET: Condition = { all: [WITH_MTP, { set: NEXTN.blocks }] };

export const hyV3 = {
  ...TEXT_MODEL,
  classes: ['HYV3ForCausalLM'],
  gguf: 'hy_v3',
  example: 'tencent/Hy3',
  keys: [
    ...TEXT_KEYS,
    needed('expert_feed_forward_length', 'u32', 'moe_intermediate_size'),
    [
      '{arch}.expert_shared_feed_forward_length',
      'u32',
      { math: 'mul', of: [fields('moe_intermediate_size'), { fields: ['num_shared_experts'], or: 1 }] },
    ],
    ['{arch}.expert_weights_norm', 'bool', { fields: ['route_norm'], or: true }],
    ['{arch}.expert_weights_scale', 'f32', { fields: ['router_scaling_factor'], or: 1 }],
    ['{arch}.expert_gating_func', 'u32', { value: 2 }],
    ['{arch}.nextn_predict_layers', 'u32', NEXTN.blocks, NEXTN_SET],
  ],
  rename: [...TEXT_MODEL.rename, ['.final_layernorm.', '.shared_head.norm.']],
  tensors: [...named(`${DENSE} ${SHARED_EXPERT} exp_probs_b attn_q_norm attn_k_norm ${NEXTN_TENSORS}`), ...EXPERTS],
  mtp: { ...NEXTN, plainName: true },
  unproven: true,
} as const satisfies Architecture;

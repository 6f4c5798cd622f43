import type { Architecture, Condition, Transform, Value } from '../architecture.js';
import { block, DENSE, experts, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, needed, TEXT_KEYS } from '../text-keys.js';

const heads = (count: 'head_count' | 'kv_head_count'): Value => ({
  math: 'mul',
  of: [{ derive: count }, { derive: 'head_dim' }],
});

/** Queries, keys and values in one tensor. */
const fused = (i: number): readonly Transform[] => [
  ['split', 0, heads('head_count'), heads('kv_head_count'), heads('kv_head_count')],
  ['take', i],
];
const half = (i: number): readonly Transform[] => [
  ['chunk', 0, 2],
  ['take', i],
];

export const ernie4_5 = {
  ...TEXT_MODEL,
  classes: ['Ernie4_5_ForCausalLM', 'Ernie4_5ForCausalLM'],
  gguf: 'ernie4_5',
  example: 'baidu/ERNIE-4.5-0.3B-PT',
  keys: TEXT_KEYS,
  rename: [...TEXT_MODEL.rename, ['ernie.', 'model.']],
  tensors: [
    ...named(DENSE),
    ...['attn_q', 'attn_k', 'attn_v'].map((to, i) => block(to, ['self_attn.qkv_proj'], ...fused(i))),
    ...['ffn_gate', 'ffn_up'].map((to, i) => block(to, ['mlp.up_gate_proj'], ...half(i))),
  ],
  tokenizer: { kinds: ['sentencepiece'], after: ['add-space-prefix'] },
} as const satisfies Architecture;

const SHARED: Condition = { value: fields('moe_num_shared_experts'), above: 0 };

export const ernie4_5Moe = {
  ...ernie4_5,
  classes: ['Ernie4_5_MoeForCausalLM'],
  gguf: 'ernie4_5-moe',
  example: 'baidu/ERNIE-4.5-21B-A3B-PT',
  keys: [
    ...TEXT_KEYS,
    needed('expert_count', 'u32', 'moe_num_experts'),
    needed('expert_used_count', 'u32', 'moe_k'),
    needed('interleave_moe_layer_step', 'u32', 'moe_layer_interval'),
    needed('leading_dense_block_count', 'u32', 'moe_layer_start_index'),
    ['{arch}.expert_feed_forward_length', 'u32', fields('moe_intermediate_size')],
    ['{arch}.expert_shared_count', 'u32', fields('moe_num_shared_experts')],
    [
      '{arch}.expert_shared_feed_forward_length',
      'u32',
      { math: 'quotient', of: [fields('intermediate_size'), fields('num_key_value_heads')] },
      SHARED,
    ],
  ],
  ignore: [
    ...TEXT_MODEL.ignore,
    ...['block', 'emb_norm', 'hidden_norm', 'linear_proj'].map((part) => `model.mtp_${part}.*`),
  ],
  tensors: [
    ...named(`${DENSE} ffn_gate_inp exp_probs_b ffn_gate_shexp ffn_up_shexp ffn_down_shexp`),
    ...experts('mlp.experts.{x}.{p}', [
      ['gate_proj', 'ffn_gate_exps'],
      ['up_proj', 'ffn_up_exps'],
      ['down_proj', 'ffn_down_exps'],
    ]),
  ],
  unproven: true,
} as const satisfies Architecture;

export const paddleocr = {
  ...ernie4_5,
  classes: ['PaddleOCRVLForConditionalGeneration'],
  gguf: 'paddleocr',
  example: 'PaddlePaddle/PaddleOCR-VL',
} as const satisfies Architecture;

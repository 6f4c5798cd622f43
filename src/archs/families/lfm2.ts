import type { Architecture, KeyRow, LayerTest, Value } from '../architecture.js';
import { DENSE, experts, rename, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, needed, revised, TEXT_KEYS } from '../text-keys.js';
import { QWEN2_KEYS } from './qwen2.js';

/** Layers with short convolutions have no heads for keys and values. */
const heads = (layers: LayerTest, yes: Value, no: Value): KeyRow => [
  '{arch}.attention.head_count_kv',
  'i32[]',
  { layers, yes, no },
];
const KV: Value = fields('num_key_value_heads');
const CONV = heads({ list: fields('layer_types'), is: 'conv' }, { value: 0 }, KV);
const ATTENTION = heads({ list: fields('layer_types'), is: 'full_attention' }, KV, { value: 0 });

const whole = (value: Value): Value => ({ math: 'quotient', of: [value, { value: 1 }] });
const GIVEN_SIZE: Value = { fields: ['block_ff_dim', 'intermediate_size'], required: true };
const SHARE: Value = { math: 'quotient', of: [{ math: 'mul', of: [{ value: 2 }, GIVEN_SIZE] }, { value: 3 }] };
const SCALED = whole({ math: 'mul', of: [{ fields: ['block_ffn_dim_multiplier'], or: 1 }, SHARE] });
const MULTIPLE: Value = { fields: ['block_multiple_of'], required: true };
const ADJUSTED: Value = {
  math: 'mul',
  of: [
    {
      math: 'quotient',
      of: [{ math: 'sub', of: [{ math: 'add', of: [SCALED, MULTIPLE] }, { value: 1 }] }, MULTIPLE],
    },
    MULTIPLE,
  ],
};
const ADJUSTS = { set: fields('block_auto_adjust_ff_dim') };

const lfm2Keys = (keys: readonly KeyRow[]): readonly KeyRow[] => [
  ...revised(keys, CONV),
  needed('vocab_size', 'u32', 'vocab_size'),
  needed('shortconv.l_cache', 'u32', 'conv_L_cache'),
  needed('attention.layer_norm_rms_epsilon', 'f32', 'norm_eps'),
  ['{arch}.feed_forward_length', 'u32', ADJUSTED, ADJUSTS],
  ['{arch}.feed_forward_length', 'u32', GIVEN_SIZE, { not: ADJUSTS }],
];

const LFM2 = `${DENSE.replace('output_norm', 'token_embd_norm')} attn_q_norm attn_k_norm \
shortconv.conv shortconv.in_proj shortconv.out_proj`;
const KERNEL = { 'shortconv.conv.weight': [['squeeze', 1]] } as const;

/** Parts of the names of what LFM2-Audio has around its language model. */
const AUDIO = ['audio', 'codebook', 'conformer', 'depth_embedding', 'depthformer', 'depth_linear'];

export const lfm2 = {
  ...TEXT_MODEL,
  classes: ['Lfm2ForCausalLM', 'LFM2ForCausalLM'],
  gguf: 'lfm2',
  example: 'LiquidAI/LFM2-1.2B',
  keys: lfm2Keys(TEXT_KEYS),
  rename: [...TEXT_MODEL.rename, ['lfm.', 'model.']],
  ignore: [...TEXT_MODEL.ignore, ...AUDIO.map((part) => `*${part}*`)],
  tensors: named(LFM2, KERNEL),
} as const satisfies Architecture;

/** Embedding models, some with a layer behind them. */
export const lfm2Embedding = {
  ...lfm2,
  classes: ['Lfm2Model', 'Lfm2BidirectionalModel'],
  example: 'LiquidAI/LFM2.5-Embedding-350M',
  keys: [
    ...lfm2.keys,
    ['{arch}.attention.causal', 'bool', { value: false }, { derive: 'origin', is: 'Lfm2BidirectionalModel' }],
    ...QWEN2_KEYS.slice(-1),
  ],
  tensors: [...named(`${LFM2.replace('output ', '')} dense_2`, KERNEL), rename('token_embd_norm', 'embedding_norm')],
  denseModules: '1_Dense/model.safetensors',
  firstKeys: [['{arch}.embedding_length_out', 'u32', { element: 0, of: { probe: 'dense_shape' } }]],
  probes: [{ id: 'dense_shape', want: 'shape', of: ['dense_2.weight'] }],
  unproven: true,
} as const satisfies Architecture;

export const lfm2moe = {
  ...lfm2,
  classes: ['Lfm2MoeForCausalLM'],
  gguf: 'lfm2moe',
  example: 'LiquidAI/LFM2-8B-A1B',
  keys: [
    ...revised(TEXT_KEYS, ATTENTION),
    needed('expert_feed_forward_length', 'u32', 'moe_intermediate_size'),
    needed('leading_dense_block_count', 'u32', 'num_dense_layers'),
    ['{arch}.expert_gating_func', 'u32', { value: 2 }],
    needed('vocab_size', 'u32', 'vocab_size'),
    needed('shortconv.l_cache', 'u32', 'conv_L_cache'),
  ],
  rename: [...TEXT_MODEL.rename, ['.expert_bias', '.expert_bias.bias']],
  ignore: TEXT_MODEL.ignore,
  tensors: [
    ...named(`${LFM2.replace('output ', '')} ffn_gate_inp exp_probs_b`, KERNEL),
    ...experts('feed_forward.experts.{x}.{p}', [
      ['w1', 'ffn_gate_exps'],
      ['w2', 'ffn_down_exps'],
      ['w3', 'ffn_up_exps'],
    ]),
  ],
} as const satisfies Architecture;

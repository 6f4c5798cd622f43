import type { Architecture, Condition, KeyRow, TensorRule, Value } from '../architecture.js';
import { experts, ROTARY, WITH_MTP } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, keyList, needed, required, revised } from '../text-keys.js';
import { graniteHybrid, mamba, SSM, SSM_SHAPES, WIDTH } from './granite-hybrid.js';

const HEAD: Value = { fields: ['head_dim', 'attention_head_dim'], required: true };
const INNER: Value = { math: 'mul', of: [mamba('num_heads'), WIDTH] };
const perLayer = (yes: Value): Value => ({
  layers: { list: { derive: 'nemotron_mlp_layers' }, is: 1 },
  yes,
  no: { value: 0 },
});
const NEXTN = fields('num_nextn_predict_layers');

/** Granite's keys for hybrids, where a pattern says which layers are of attention. */
const KEYS: readonly KeyRow[] = [
  ...revised(
    graniteHybrid.keys,
    [
      '{arch}.attention.head_count_kv',
      'i32[]',
      {
        layers: { list: { derive: 'nemotron_attention_layers' }, is: 1 },
        yes: required('num_key_value_heads'),
        no: { value: 0 },
      },
    ],
    ['{arch}.ssm.inner_size', 'u32', INNER],
  ),
  ['{arch}.attention.key_length', 'u32', HEAD],
  ['{arch}.attention.value_length', 'u32', HEAD],
];
const ATTENTION = 'attn_norm attn_q attn_k attn_v attn_output';
const LAYERS = `token_embd output_norm output ${ATTENTION} ${SSM}`;
const SHAPES = { ...ROTARY, ...SSM_SHAPES };

const MOE: Condition = { field: 'num_experts_per_tok', exists: true };
const KEEP = ['backbone.embeddings.weight', 'backbone.norm_f.weight', 'lm_head.weight'] as const;

/** Each layer is a Mamba 2, attention or a feed-forward part. */
export const nemotronH = {
  ...graniteHybrid,
  classes: ['NemotronHForCausalLM'],
  when: { not: MOE },
  gguf: 'nemotron_h',
  example: 'nvidia/Nemotron-H-8B-Base-8K',
  keys: [
    ...KEYS,
    [
      '{arch}.feed_forward_length',
      'i32[]',
      perLayer({ fields: ['intermediate_size', 'n_inner', 'hidden_dim'], required: true }),
    ],
  ],
  tensors: named(`${LAYERS} ffn_up ffn_down`, SHAPES),
  mtp: { blocks: { value: 0 }, names: ['mtp.*'], keep: KEEP },
  tokenizer: { kinds: ['bpe'], multiple: 8, after: ['add-bos'] },
} as const satisfies Architecture;

const MOE_TENSORS: readonly TensorRule[] = [
  ...named('ffn_gate_inp exp_probs_b ffn_up_shexp ffn_down_shexp ffn_latent_down ffn_latent_up'),
  ...experts('mixer.experts.{x}.{p}', [
    ['down_proj', 'ffn_down_exps'],
    ['up_proj', 'ffn_up_exps'],
  ]),
];

const SIZE = required('moe_intermediate_size');

/** Rules for the block for multi-token prediction, which the checkpoint has as two. */
function mtp(part: number, rules: readonly TensorRule[]): readonly TensorRule[] {
  return rules.map((rule) => ({
    ...rule,
    from: rule.from?.map((name) => name.replace('{L}', `mtp.layers.${part}`)) ?? [],
    to: rule.to?.replace('{b}', '{mtp}') ?? '',
    ...(rule.group === undefined ? {} : { group: 'mtp experts' }),
  }));
}

const EXPERT_KEYS = keyList(
  'expert_shared_feed_forward_length:u32=moe_shared_expert_intermediate_size expert_count:u32=n_routed_experts ' +
    'expert_shared_count:u32=n_shared_experts expert_weights_norm:bool=norm_topk_prob ' +
    'expert_weights_scale:f32=routed_scaling_factor expert_group_count:u32=n_group',
);

export const nemotronHMoe = {
  ...nemotronH,
  when: MOE,
  gguf: 'nemotron_h_moe',
  example: 'nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16',
  keys: [
    ...KEYS,
    ['{arch}.feed_forward_length', 'i32[]', perLayer(SIZE)],
    needed('expert_used_count', 'u32', 'num_experts_per_tok'),
    ['{arch}.expert_feed_forward_length', 'u32', SIZE],
    ...EXPERT_KEYS,
    ['{arch}.moe_latent_size', 'u32', fields('moe_latent_size')],
    ['{arch}.nextn_predict_layers', 'u32', NEXTN, { all: [WITH_MTP, { set: NEXTN }] }],
  ],
  tensors: [
    ...named(LAYERS, SHAPES),
    ...MOE_TENSORS,
    ...mtp(0, named(`${ATTENTION} nextn.enorm nextn.hnorm nextn.eh_proj`, ROTARY)),
    ...mtp(1, MOE_TENSORS),
    { from: ['mtp.layers.1.norm.weight'], to: 'blk.{mtp}.post_attention_norm.weight' },
    { from: ['mtp.layers.1.final_layernorm.weight'], to: 'blk.{mtp}.nextn.shared_head_norm.weight' },
  ],
  // ref-quirk: `prepare_tensors` knows a router by the block's number in the checkpoint.
  types: [['blk.{mtp}.ffn_gate_inp.weight', 'outtype']],
  mtp: { blocks: NEXTN, names: ['mtp.*'], keep: KEEP },
  tokenizer: { kinds: ['bpe'], multiple: 8 },
} as const satisfies Architecture;

/** Layers with numbers of their own. Its blocks for multi-token prediction are another kind, and not written. */
export const nemotronHPuzzle = {
  ...nemotronHMoe,
  classes: ['NemotronHPuzzleForCausalLM'],
  when: { field: 'block_configs', exists: true },
  example: 'nvidia/NVIDIA-Nemotron-Labs-3-Puzzle-75B-A9B-BF16',
  keys: [
    ...KEYS,
    ['{arch}.feed_forward_length', 'i32[]', { derive: 'puzzle_feed_forward' }],
    ['{arch}.expert_feed_forward_length', 'i32[]', { derive: 'puzzle_feed_forward' }],
    ['{arch}.expert_used_count', 'i32[]', { derive: 'puzzle_experts_used' }],
    ...EXPERT_KEYS,
    needed('moe_latent_size', 'u32', 'moe_latent_size'),
  ],
  ignore: [...graniteHybrid.ignore, 'mtp.*'],
  tensors: [...named(LAYERS, SHAPES), ...MOE_TENSORS],
  types: [],
  mtp: { blocks: { value: 0 } },
  unproven: true,
} as const satisfies Architecture;

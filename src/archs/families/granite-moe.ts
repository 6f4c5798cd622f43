import type { Architecture, Condition, TensorRule, Transform, Value } from '../architecture.js';
import { block, DENSE, ROTARY, SINKS, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, needed, whereSet } from '../text-keys.js';
import { GRANITE_KEYS, granite, graniteSwa } from './granite.js';

const SHARED = 'shared_intermediate_size';
const SHARED_KEY = whereSet('expert_shared_feed_forward_length', 'u32', SHARED);

/** Granite SWA with experts, whose gates and ups stay one tensor. */
export const graniteMoeSwa = {
  ...graniteSwa,
  classes: ['GraniteMoeSWAForCausalLM'],
  keys: [...graniteSwa.keys, SHARED_KEY],
  tensors: [
    ...named(`${DENSE} ffn_gate_inp ffn_down_exps ffn_down_shexp`, ROTARY),
    SINKS,
    { from: ['{L}.block_sparse_moe.experts.down_proj'], to: 'blk.{b}.ffn_down_exps.weight' },
    {
      from: ['{L}.block_sparse_moe.experts.gate_up_proj', '{L}.block_sparse_moe.input_linear.weight'],
      to: 'blk.{b}.ffn_gate_up_exps.weight',
    },
    block('ffn_up_shexp', ['shared_mlp.input_linear']),
  ],
} as const satisfies Architecture;

/**
 * A tensor that holds gates and ups.
 * @param size the field that says how many rows of each.
 */
function gateUp(from: string, ends: string, size: string, dimension: number, when?: Condition): readonly TensorRule[] {
  return ['gate', 'up'].map((name, i) => {
    const half: Transform[] = [
      ['split', dimension, size, size],
      ['take', i],
    ];
    return { ...block(`ffn_${name}${ends}`, [from], ...half), ...(when && { when }) };
  });
}

/** What all experts share; without experts, it is the feed-forward part. */
function shared(ends: string, when?: Condition): readonly TensorRule[] {
  return [
    ...gateUp('shared_mlp.input_linear', ends, SHARED, 0, when),
    { ...block(`ffn_down${ends}`, ['shared_mlp.output_linear']), ...(when && { when }) },
  ];
}

const EXPERTS: Condition = { set: fields('num_local_experts') };

export const GRANITE_MOE_TENSORS: readonly TensorRule[] = [
  ...named(`${DENSE} ffn_gate_inp ffn_down_exps`, ROTARY),
  ...gateUp('block_sparse_moe.input_linear', '_exps', 'intermediate_size', 1),
  ...shared('_shexp', EXPERTS),
  ...shared('', { not: EXPERTS }),
];

export const graniteMoe = {
  ...granite,
  classes: ['GraniteMoeForCausalLM', 'GraniteMoeSharedForCausalLM'],
  gguf: 'granitemoe',
  example: 'ibm-granite/granite-3.1-3b-a800m-instruct',
  keys: [...GRANITE_KEYS, SHARED_KEY],
  tensors: GRANITE_MOE_TENSORS,
} as const satisfies Architecture;

/**
 * The adapters of a matrix, behind one of zeros. The checkpoint has them as `(adapters, 1, rows, columns)`.
 * @param slice which one it is of the matrices that are one in the checkpoint.
 * @param heads the field that counts the heads of a matrix whose rows are rotary dimensions.
 */
function adapters(to: string, from: string, slice = '', heads?: string): readonly TensorRule[] {
  const rotated: readonly Transform[] = [
    ['reshape', -1, 'max_lora_rank'],
    ['rotary', { math: 'mul', of: [fields('num_adapters'), fields(heads ?? '')] }],
    ['reshape', 'num_adapters', -1, 'max_lora_rank'],
  ];
  const plain: readonly Transform[] = [['squeeze', 1]];
  const rule = (letter: string, via: readonly Transform[]): TensorRule => ({
    from: [`{L}.${from}.lora_${letter}${slice}`],
    to: `blk.{b}.${to}.lora_${letter.toLowerCase()}`,
    via: [...via, ['lead', 1]],
  });
  return [rule('A', plain), rule('B', heads === undefined ? plain : rotated)];
}

const HEADS: Value = { math: 'add', of: [{ derive: 'head_count' }, { derive: 'kv_head_count' }] };

/** A dense Granite with adapters in it, which tokens choose. One block of its configuration is none of the file's. */
export const graniteSwitch = {
  ...graniteMoe,
  classes: ['GraniteSwitchForCausalLM'],
  gguf: 'graniteswitch',
  example: 'ibm-granite/granite-switch-4.1-3b-preview',
  keys: [
    ...graniteMoe.keys,
    ['{arch}.block_count', 'u32', { math: 'sub', of: [{ derive: 'block_count' }, { value: 1 }] }],
    ['{arch}.expert_used_count', 'u32', { value: 0 }, { not: EXPERTS }],
    needed('adapters.count', 'u32', 'num_adapters'),
    needed('adapters.lora_rank', 'u32', 'max_lora_rank'),
    needed('adapters.token_ids_activate', 'i32[]', 'adapter_token_ids'),
    needed('adapters.token_ids_substitute', 'i32[]', 'adapter_substitute_token_ids'),
    ['{arch}.adapters.router_gain', 'f32', { fields: ['control_token_gain'], or: 15 }],
  ],
  drop: [
    ...TEXT_MODEL.drop,
    ...['model.switch.*', 'switch.*', '*adapter_token_ids', '*control_to_substitute_lut', 'lm_head.weight'],
  ],
  tensors: [
    ...named('token_embd output_norm attn_norm ffn_norm'),
    block('attn_qkv', ['self_attn.qkv_proj.base_layer'], ['rotary', HEADS, 'kv_head_count']),
    ...adapters('attn_q', 'self_attn.qkv_proj', '_slices.0', 'num_attention_heads'),
    ...adapters('attn_k', 'self_attn.qkv_proj', '_slices.1', 'num_key_value_heads'),
    ...adapters('attn_v', 'self_attn.qkv_proj', '_slices.2'),
    block('attn_output', ['self_attn.o_proj.base_layer']),
    ...adapters('attn_output', 'self_attn.o_proj'),
    ...gateUp('shared_mlp.input_linear.base_layer', '', SHARED, 0),
    ...adapters('ffn_gate', 'shared_mlp.input_linear', '_slices.0'),
    ...adapters('ffn_up', 'shared_mlp.input_linear', '_slices.1'),
    block('ffn_down', ['shared_mlp.output_linear.base_layer']),
    ...adapters('ffn_down', 'shared_mlp.output_linear'),
  ],
  unproven: true,
} as const satisfies Architecture;

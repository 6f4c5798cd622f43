import type { Architecture, LayerTest, TensorRule, Value } from '../architecture.js';
import { experts, NEXTN, TEXT_MODEL, W123 } from '../rules.js';
import { fields, keyRows, required, TEXT_KEYS } from '../text-keys.js';
import { INDEXER_KEYS } from './deepseek.js';

const LIMIT: Value = { layers: { from: { value: 0 } }, yes: required('swiglu_limit') };
const WIDTHS: Value = { math: 'mul', of: [required('hidden_size'), required('hc_mult')] };
/** The first blocks choose experts by a token's id. The bias of their gates is of no use. */
const CHOOSING: LayerTest = { from: required('num_hash_layers') };

/** Rules from words such as `attn.wq_a.weight=attn_q_a`. */
const rulesOf = (words: string, from = '', to = ''): readonly TensorRule[] =>
  words.split(/\s+/).map((word) => {
    const [name, gguf = ''] = word.split('=');
    return { from: [from + name], to: `${to + gguf}.weight` };
  });
const HYPER = ['attn', 'ffn'].flatMap((part) => ['fn', 'base', 'scale'].map((name) => `hc_${part}_${name}`));

/** DeepSeek V4. Its blocks for multi-token prediction are for a file of their own. */
export const deepseek4 = {
  ...TEXT_MODEL,
  classes: ['DeepseekV4ForCausalLM'],
  gguf: 'deepseek4',
  example: 'deepseek-ai/DeepSeek-V4-Flash-Base',
  keys: [
    ...TEXT_KEYS,
    ...keyRows('u32', 'rope.dimension_count=qk_rope_head_dim attention.q_lora_rank=q_lora_rank'),
    ...keyRows('u32', 'attention.sliding_window=sliding_window expert_feed_forward_length=moe_intermediate_size'),
    ...keyRows('u32', 'expert_shared_count=n_shared_experts'),
    ...keyRows('f32', 'expert_weights_scale=routed_scaling_factor'),
    ...keyRows('bool', 'expert_weights_norm=norm_topk_prob'),
    ['{arch}.swiglu_clamp_exp', 'f32[]', LIMIT],
    ['{arch}.swiglu_clamp_shexp', 'f32[]', LIMIT],
    ...INDEXER_KEYS,
    ...keyRows('u32', 'attention.output_group_count=o_groups attention.output_lora_rank=o_lora_rank'),
    ...keyRows('i32[]', 'attention.compress_ratios=compress_ratios'),
    ...keyRows('f32', 'attention.compress_rope_freq_base=compress_rope_theta'),
    ...keyRows('u32', 'hyper_connection.count=hc_mult hyper_connection.sinkhorn_iterations=hc_sinkhorn_iters'),
    ...keyRows('f32', 'hyper_connection.epsilon=hc_eps'),
    ...keyRows('u32', 'hash_layer_count=num_hash_layers'),
    ['{arch}.embedding_length_out', 'u32', WIDTHS],
    [
      ...(['{arch}.nextn_predict_layers', 'u32', NEXTN.blocks] as const),
      { all: [{ derive: 'mtp', is: 'only' }, { set: fields('num_nextn_predict_layers') }] },
    ],
  ],
  blocks: [...TEXT_MODEL.blocks, { begin: 'mtp.{b}', after: 'main_block_count' }],
  ignore: ['aligner.*', 'image_*', ...TEXT_MODEL.ignore],
  tensors: [
    ...rulesOf('embed.weight=token_embd norm.weight=output_norm head.weight=output'),
    ...['', '{L}.'].flatMap((begin) => rulesOf('fn=fn base=base scale=scale', `${begin}hc_head_`, 'output_hc_')),
    ...rulesOf(HYPER.map((name) => `${name}=${name}`).join(' '), '{L}.', 'blk.{b}.'),
    ...rulesOf(
      'attn.attn_sink=attn_sinks attn.wq_a.weight=attn_q_a attn.wq_b.weight=attn_q_b attn.q_norm.weight=attn_q_a_norm ' +
        'attn.wkv.weight=attn_kv attn.kv_norm.weight=attn_kv_a_norm attn.wo_a.weight=attn_output_a ' +
        'attn.wo_b.weight=attn_output_b attn.indexer.wq_b.weight=indexer.attn_q_b ' +
        'attn.indexer.weights_proj.weight=indexer.proj attn_norm.weight=attn_norm ffn_norm.weight=ffn_norm ' +
        'ffn.gate.weight=ffn_gate_inp ffn.gate.tid2eid=ffn_gate_tid2eid ffn.shared_experts.w1.weight=ffn_gate_shexp ' +
        'ffn.shared_experts.w2.weight=ffn_down_shexp ffn.shared_experts.w3.weight=ffn_up_shexp ' +
        'enorm.weight=nextn.enorm hnorm.weight=nextn.hnorm norm.weight=nextn.shared_head_norm',
      ...['{L}.', 'blk.{b}.'],
    ),
    ...['attn', 'indexer'].flatMap((part) =>
      rulesOf(
        'ape=ape wkv.weight=kv wgate.weight=gate norm.weight=norm',
        part === 'attn' ? '{L}.attn.compressor.' : '{L}.attn.indexer.compressor.',
        `blk.{b}.${part}_compressor_`,
      ),
    ),
    { from: ['{L}.ffn.gate.bias'], to: 'blk.{b}.exp_probs_b.bias', on: CHOOSING },
    { from: ['{L}.ffn.gate.bias'], on: { not: CHOOSING } },
    { from: ['{L}.ffn.gate.bias_vl'], to: 'blk.{b}.exp_probs_b_vl.bias' },
    {
      all: ['{L}.e_proj.weight', '{L}.h_proj.weight'],
      ...{ to: 'blk.{b}.nextn.eh_proj.weight', via: [['concat', 1]] },
    },
    ...experts('ffn.experts.{x}.{p}', W123),
  ],
  ahead: ['blk.*.ffn_gate_tid2eid.weight', 'blk.*.ffn_*_exps.weight', 'blk.*.nextn.eh_proj.weight'],
  types: [['blk.*.nextn.eh_proj.weight', 'Q8_0']],
  mtp: {
    ...{ blocks: NEXTN.blocks, names: ['mtp.*'], convert: 'alone' },
    keep: ['embed.weight', 'norm.weight', 'head.weight', 'head.scale'],
  },
  unproven: true,
} as const satisfies Architecture;

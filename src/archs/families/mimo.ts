import type { Architecture, LayerTest, Value } from '../architecture.js';
import { DENSE, experts, NEXTN_TENSORS, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, needed, TEXT_KEYS } from '../text-keys.js';

/** All releases have as many blocks for multi-token prediction, and no config.json counts them. */
const MTP_BLOCKS: Value = { value: 3 };

/** Blocks with a sliding window: those that config.json says, and those for multi-token prediction. */
const inWindow = (yes: Value, no: Value): Value => {
  const own: LayerTest = { list: fields('hybrid_layer_pattern'), is: 1 };
  return { layers: { from: { derive: 'main_block_count' } }, yes, no: { layers: own, yes, no } };
};

export const mimo2 = {
  ...TEXT_MODEL,
  classes: ['MiMoV2FlashForCausalLM', 'MiMoV2ForCausalLM'],
  gguf: 'mimo2',
  example: 'XiaomiMiMo/MiMo-V2.5',
  keys: [
    ...TEXT_KEYS,
    [
      '{arch}.attention.head_count_kv',
      'i32[]',
      inWindow(fields('swa_num_key_value_heads'), fields('num_key_value_heads')),
    ],
    needed('attention.sliding_window', 'u32', 'sliding_window'),
    ['{arch}.attention.sliding_window_pattern', 'i32[]', inWindow({ value: 1 }, { value: 0 })],
    needed('attention.value_length', 'u32', 'v_head_dim'),
    needed('expert_count', 'u32', 'n_routed_experts'),
    needed('expert_feed_forward_length', 'u32', 'moe_intermediate_size'),
    [
      '{arch}.rope.dimension_count',
      'u32',
      {
        math: 'quotient',
        of: [
          {
            math: 'mul',
            of: [{ derive: 'head_dim' }, { fields: ['partial_rotary_factor'], of: 'rope', required: true }],
          },
          { value: 1 },
        ],
      },
    ],
    ['{arch}.attention.layer_norm_rms_epsilon', 'f32', { fields: ['layernorm_epsilon'], or: 1e-5 }],
    ['{arch}.attention.value_scale', 'f32', fields('attention_value_scale')],
    ['{arch}.nextn_predict_layers', 'u32', MTP_BLOCKS],
  ],
  blocks: [...TEXT_MODEL.blocks, { begin: 'model.mtp.layers.{b}', after: 'main_block_count' }],
  tensors: [
    ...named(`${DENSE} attn_qkv ffn_gate_inp exp_probs_b layer_output_norm ${NEXTN_TENSORS}`),
    ...experts('mlp.experts.{x}.{p}', [
      ['gate_proj', 'ffn_gate_exps'],
      ['up_proj', 'ffn_up_exps'],
      ['down_proj', 'ffn_down_exps'],
    ]),
    {
      from: ['{L}.self_attn.attention_sink_bias', '{L}.self_attn.attention_sink_bias.weight'],
      to: 'blk.{b}.attn_sinks.weight',
    },
  ],
  mtp: { blocks: MTP_BLOCKS },
} as const satisfies Architecture;

import type { Architecture, Condition } from '../architecture.js';
import { DENSE, experts, GATE_UP_DOWN, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, needed, required, TEXT_KEYS } from '../text-keys.js';
import { rotaryOf } from './spark2-5.js';

const HEADS = fields('num_attention_heads_per_layer');
const VARIED: Condition = { set: HEADS };
const ALIKE = required('num_attention_heads');

/** Layers differ in their heads and their rotary embeddings. */
export const laguna = {
  ...TEXT_MODEL,
  classes: ['LagunaForCausalLM'],
  gguf: 'laguna',
  example: 'poolside/Laguna-XS.2',
  keys: [
    ...TEXT_KEYS,
    needed('vocab_size', 'u32', 'vocab_size'),
    ['{arch}.attention.head_count', 'i32[]', HEADS, VARIED],
    [
      '{arch}.attention.head_count',
      'i32[]',
      { layers: { from: { value: 0 } }, yes: ALIKE, no: ALIKE },
      { not: VARIED },
    ],
    ['{arch}.attention.sliding_window', 'u32', fields('sliding_window'), { value: fields('sliding_window'), above: 0 }],
    needed('expert_feed_forward_length', 'u32', 'moe_intermediate_size'),
    needed('expert_shared_feed_forward_length', 'u32', 'shared_expert_intermediate_size'),
    ['{arch}.expert_weights_norm', 'bool', { value: true }],
    needed('expert_weights_scale', 'f32', 'moe_routed_scaling_factor'),
    ['{arch}.expert_gating_func', 'u32', { value: 2 }],
    ['{arch}.leading_dense_block_count', 'u32', { derive: 'leading_dense_layers' }],
    ['{arch}.rope.dimension_count', 'u32', rotaryOf('rope', 1)],
    [
      '{arch}.rope.dimension_count_swa',
      'u32',
      rotaryOf('rope_sliding', 1),
      { set: { fields: ['rope_theta'], of: 'rope_sliding' } },
    ],
  ],
  tensors: [
    ...named(`${DENSE} ffn_gate_inp exp_probs_b ffn_gate_shexp ffn_up_shexp ffn_down_shexp attn_q_norm attn_k_norm`),
    {
      from: ['{L}.self_attn.g_proj.weight'],
      to: 'blk.{b}.attn_gate.weight',
      via: [['reshape', { derive: 'laguna_gate_widths' }, 'hidden_size']],
    },
    ...experts('mlp.experts.{x}.{p}', GATE_UP_DOWN),
  ],
  tokenizer: { kinds: ['bpe'], after: ['template-file', 'laguna-end-of-turn'] },
} as const satisfies Architecture;

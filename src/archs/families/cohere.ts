import type { Architecture, Condition, Probe, Value } from '../architecture.js';
import { DOWN_GATE_UP, experts, NEXTN, NEXTN_IF_ANY, NEXTN_TENSORS, TEXT_MODEL, withoutBiases } from '../rules.js';
import { named } from '../tensor-names.js';
import { EQUAL_SHARE, fields, keyRows, NO_SCALING, required, revised, TEXT_KEYS } from '../text-keys.js';

const NAMES = 'token_embd output_norm attn_norm attn_q attn_k attn_v attn_output ffn_gate ffn_up ffn_down';
const LENGTH = fields('model_max_length', 'max_position_embeddings');

/** Command R, Aya. `max_position_embeddings` says less than what the model was trained on. */
export const commandR = {
  ...TEXT_MODEL,
  classes: ['CohereForCausalLM'],
  gguf: 'command-r',
  example: 'CohereLabs/c4ai-command-r-v01',
  keys: [
    ...revised(TEXT_KEYS, ['{arch}.context_length', 'u32|i32[]', LENGTH]),
    ...keyRows('f32', 'logit_scale=logit_scale'),
    NO_SCALING,
  ],
  tensors: named(`${NAMES} attn_q_norm attn_k_norm`),
} as const satisfies Architecture;

/** Biases, where a checkpoint has them, hold nothing. */
const ZERO_BIASES: Probe = { id: 'zero_biases', want: 'zero', of: ['*.bias'] };
const ARE_ZERO: Condition = { probe: ZERO_BIASES.id, is: true };
const ROTATED: Value = { math: 'mul', of: [required('rotary_pct'), EQUAL_SHARE] };

export const cohere2 = {
  ...TEXT_MODEL,
  classes: ['Cohere2ForCausalLM'],
  gguf: 'cohere2',
  example: 'CohereLabs/c4ai-command-r7b-12-2024',
  keys: [
    ...TEXT_KEYS,
    ...keyRows('f32', 'logit_scale=logit_scale'),
    ...keyRows('u32', 'attention.sliding_window=sliding_window vocab_size=vocab_size'),
    ['{arch}.rope.dimension_count', 'u32', { math: 'quotient', of: [ROTATED, { value: 1 }] }],
    NO_SCALING,
  ],
  tensors: withoutBiases(named(NAMES), ARE_ZERO),
  probes: [ZERO_BIASES],
} as const satisfies Architecture;

const SHARED: Value = { derive: 'averaged_shared_experts' };

export const cohere2moe = {
  ...cohere2,
  classes: ['Cohere2MoeForCausalLM'],
  gguf: 'cohere2moe',
  example: 'CohereLabs/North-Mini-Code-1.0',
  keys: [
    ...TEXT_KEYS,
    ...keyRows('f32', 'logit_scale=logit_scale'),
    ...keyRows('u32', 'attention.sliding_window=sliding_window'),
    [
      ...(['{arch}.attention.sliding_window_pattern', 'bool[]'] as const),
      { layers: { list: required('layer_types'), is: 'sliding_attention' } },
    ],
    ...keyRows('u32', 'vocab_size=vocab_size expert_feed_forward_length=intermediate_size'),
    ['{arch}.leading_dense_block_count', 'u32', { derive: 'leading_dense_blocks' }],
    ['{arch}.expert_weights_norm', 'bool', { fields: ['norm_topk_prob'], or: false }],
    ['{arch}.expert_shared_count', 'u32', SHARED],
    ['{arch}.expert_shared_feed_forward_length', 'u32', { math: 'mul', of: [required('intermediate_size'), SHARED] }],
    NEXTN_IF_ANY,
    ...keyRows('u32', 'rope.dimension_count=head_dim'),
    NO_SCALING,
  ],
  tensors: [
    ...withoutBiases(named(`${NAMES} output ffn_gate_inp`), ARE_ZERO),
    ...withoutBiases(named(`ffn_gate_shexp ffn_up_shexp ffn_down_shexp ${NEXTN_TENSORS}`), ARE_ZERO),
    ...experts('mlp.experts.{x}.{p}', DOWN_GATE_UP),
  ],
  mtp: { blocks: NEXTN.blocks },
} as const satisfies Architecture;

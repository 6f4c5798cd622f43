import type { Architecture, Condition, KeyRow, Probe } from '../architecture.js';
import { DOWN_GATE_UP, experts, NEXTN, NEXTN_IF_ANY, NEXTN_TENSORS, TEXT_MODEL, withoutBiases } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, HEAD_SHARE, required, revised, TEXT_KEYS } from '../text-keys.js';

const NAMES = 'token_embd output_norm attn_norm attn_q attn_k attn_v attn_output ffn_gate ffn_up ffn_down';
const LOGIT_SCALE: KeyRow = ['{arch}.logit_scale', 'f32', required('logit_scale')];
const NO_SCALING: KeyRow = ['{arch}.rope.scaling.type', 'string', { value: 'none' }];

/** Command R, Aya. `max_position_embeddings` says less than what the model was trained on. */
export const commandR = {
  ...TEXT_MODEL,
  classes: ['CohereForCausalLM'],
  gguf: 'command-r',
  example: 'CohereLabs/c4ai-command-r-v01',
  keys: [
    ...revised(TEXT_KEYS, [
      '{arch}.context_length',
      'u32|i32[]',
      fields('model_max_length', 'max_position_embeddings'),
    ]),
    LOGIT_SCALE,
    NO_SCALING,
  ],
  tensors: named(`${NAMES} attn_q_norm attn_k_norm`),
} as const satisfies Architecture;

/** Biases, where a checkpoint has them, hold nothing. */
const ZERO_BIASES: Probe = { id: 'zero_biases', want: 'zero', of: ['*.bias'] };
const ARE_ZERO: Condition = { probe: ZERO_BIASES.id, is: true };

export const cohere2 = {
  ...TEXT_MODEL,
  classes: ['Cohere2ForCausalLM'],
  gguf: 'cohere2',
  example: 'CohereLabs/c4ai-command-r7b-12-2024',
  keys: [
    ...TEXT_KEYS,
    LOGIT_SCALE,
    ['{arch}.attention.sliding_window', 'u32', required('sliding_window')],
    ['{arch}.vocab_size', 'u32', required('vocab_size')],
    [
      '{arch}.rope.dimension_count',
      'u32',
      { math: 'quotient', of: [{ math: 'mul', of: [required('rotary_pct'), HEAD_SHARE] }, { value: 1 }] },
    ],
    NO_SCALING,
  ],
  tensors: withoutBiases(named(NAMES), ARE_ZERO),
  probes: [ZERO_BIASES],
} as const satisfies Architecture;

export const cohere2moe = {
  ...TEXT_MODEL,
  classes: ['Cohere2MoeForCausalLM'],
  gguf: 'cohere2moe',
  example: 'CohereLabs/North-Mini-Code-1.0',
  keys: [
    ...TEXT_KEYS,
    LOGIT_SCALE,
    ['{arch}.attention.sliding_window', 'u32', required('sliding_window')],
    [
      '{arch}.attention.sliding_window_pattern',
      'bool[]',
      { layers: { list: required('layer_types'), is: 'sliding_attention' } },
    ],
    ['{arch}.vocab_size', 'u32', required('vocab_size')],
    ['{arch}.expert_feed_forward_length', 'u32', required('intermediate_size')],
    ['{arch}.leading_dense_block_count', 'u32', { derive: 'leading_dense_blocks' }],
    ['{arch}.expert_weights_norm', 'bool', { fields: ['norm_topk_prob'], or: false }],
    ['{arch}.expert_shared_count', 'u32', { derive: 'averaged_shared_experts' }],
    [
      '{arch}.expert_shared_feed_forward_length',
      'u32',
      { math: 'mul', of: [required('intermediate_size'), { derive: 'averaged_shared_experts' }] },
    ],
    NEXTN_IF_ANY,
    ['{arch}.rope.dimension_count', 'u32', required('head_dim')],
    NO_SCALING,
  ],
  tensors: [
    ...withoutBiases(
      named(`${NAMES} output ffn_gate_inp ffn_gate_shexp ffn_up_shexp ffn_down_shexp ${NEXTN_TENSORS}`),
      ARE_ZERO,
    ),
    ...experts('mlp.experts.{x}.{p}', DOWN_GATE_UP),
  ],
  mtp: { blocks: NEXTN.blocks },
  probes: [ZERO_BIASES],
} as const satisfies Architecture;

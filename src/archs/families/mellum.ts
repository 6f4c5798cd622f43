import type { Architecture } from '../architecture.js';
import { DENSE, DOWN_GATE_UP, experts, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, LAYER_WINDOWS, needed, rotaryDimensions, TEXT_KEYS } from '../text-keys.js';

const TENSORS = [
  ...named(`${DENSE} ffn_gate_inp attn_q_norm attn_k_norm`),
  ...experts('mlp.experts.{x}.{p}', DOWN_GATE_UP),
];

export const mellum = {
  ...TEXT_MODEL,
  classes: ['MellumForCausalLM'],
  gguf: 'mellum',
  example: 'JetBrains/Mellum2-12B-A2.5B-Base',
  keys: [
    ...TEXT_KEYS,
    ['{arch}.expert_feed_forward_length', 'u32', fields('moe_intermediate_size')],
    ...[['{arch}.attention.sliding_window', 'u32', fields('sliding_window')] as const, LAYER_WINDOWS].map(
      ([key, type, from]) =>
        [
          ...([key, type, from] as const),
          {
            all: [{ not: { field: 'use_sliding_window', is: false } }, { value: fields('sliding_window'), above: -1 }],
          },
        ] as const,
    ),
  ],
  tensors: TENSORS,
  unproven: true,
} as const satisfies Architecture;

/** Experts' gates and ups are clamped. */
export const maple = {
  ...TEXT_MODEL,
  classes: ['MapleForCausalLM'],
  gguf: 'maple',
  example: 'deepgrove/maple-preview',
  keys: [
    ...TEXT_KEYS,
    needed('vocab_size', 'u32', 'vocab_size'),
    rotaryDimensions({ derive: 'head_dim' }, 1),
    needed('attention.sliding_window', 'u32', 'sliding_window'),
    LAYER_WINDOWS,
    needed('expert_feed_forward_length', 'u32', 'moe_intermediate_size'),
    ['{arch}.swiglu_clamp_exp', 'f32[]', { layers: { from: { value: 0 } }, yes: { value: 7 }, no: { value: 7 } }],
  ],
  tensors: TENSORS,
  unproven: true,
} as const satisfies Architecture;

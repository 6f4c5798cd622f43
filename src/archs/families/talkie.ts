import type { Architecture, Transform, Value } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named, weights } from '../tensor-names.js';
import { TEXT_KEYS } from '../text-keys.js';

const HEAD_DIM: Value = { fields: ['head_dim'], required: true };
const HALF: Value = { math: 'quotient', of: [HEAD_DIM, { value: 2 }] };
const WIDTH: Value = { fields: ['hidden_size'], required: true };

/** Talkie rotates the other way round: the second half of each head changes its sign. */
const INVERTED: readonly Transform[] = [
  ['reshape', -1, HEAD_DIM, WIDTH],
  ['transpose', 0, 1],
  ['mulRows', HALF, 1, -1, -1],
  ['transpose', 0, 1],
  ['reshape', -1, WIDTH],
];

export const talkie = {
  ...TEXT_MODEL,
  classes: ['TalkieForCausalLM'],
  gguf: 'talkie',
  example: 'lewtun/talkie-1930-13b-it-hf',
  firstKeys: [['{arch}.logit_scale', 'f32', { probe: 'logit scale' }]],
  probes: [{ id: 'logit scale', want: 'values', of: ['lm_head_gain.w_g'] }],
  drop: [...TEXT_MODEL.drop, 'lm_head_gain.w_g'],
  keys: [...TEXT_KEYS, ['{arch}.attention.layer_norm_rms_epsilon', 'f32', { value: 2 ** -23 }]],
  tensors: [
    ...named('token_embd attn_q attn_k attn_v attn_output ffn_gate ffn_up ffn_down', {
      attn_q: INVERTED,
      attn_k: INVERTED,
    }),
    ...weights('output attn_q_norm layer_output_scale', { attn_q_norm: [['reshape', -1, 1]] }),
    { from: ['{L}.attn_gain.a_g'], to: 'blk.{b}.attn_output.scale' },
    { from: ['{L}.mlp_gain.a_g'], to: 'blk.{b}.ffn_down.scale' },
  ],
} as const satisfies Architecture;

import type { Architecture, TensorRule, Transform, Value } from '../architecture.js';
import { DENSE, ROTARY, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, needed, TEXT_KEYS } from '../text-keys.js';

/** Norms whose weights are kept as what they differ from 1 by. */
const PLUS_ONE: readonly Transform[] = [['add', 1]];
const NORMS = ['attn_norm', 'post_attention_norm', 'ffn_norm', 'post_ffw_norm'];

/** Queries and keys are normed without weights; then queries are scaled. The weights of such a norm say as much. */
const normOf = (name: string, value: number | Value): TensorRule => ({
  from: ['{L}.self_attn.q_proj.weight'],
  to: `blk.{b}.${name}.weight`,
  via: [['fill', value, 'head_dim']],
});

export const museGlimmer = {
  ...TEXT_MODEL,
  classes: ['MuseGlimmerForConditionalGeneration'],
  gguf: 'muse-glimmer',
  example: 'meta-models/Muse-Glimmer-30B',
  keys: [
    ...TEXT_KEYS,
    needed('final_logit_softcapping', 'f32', 'final_logit_softcapping'),
    needed('logit_scale', 'f32', 'output_multiplier'),
    needed('attention.sliding_window', 'u32', 'sliding_window'),
    [
      '{arch}.attention.sliding_window_pattern',
      'bool[]',
      { layers: { list: fields('layer_types'), is: 'sliding_attention' } },
    ],
  ],
  tensors: [
    normOf('attn_q_norm', { fields: ['qk_scale_factor'], required: true }),
    normOf('attn_k_norm', 1),
    ...named(`${DENSE} attn_gate post_ffw_norm post_attention_norm`, {
      ...ROTARY,
      ...Object.fromEntries(NORMS.map((name) => [`${name}.weight`, PLUS_ONE])),
    }),
  ],
  tokenizer: { kinds: ['bpe'], after: ['eot'] },
} as const satisfies Architecture;

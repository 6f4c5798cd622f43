import type { Architecture, Transform } from '../architecture.js';
import { block, DENSE, ROTARY, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fields, needed, TEXT_KEYS } from '../text-keys.js';

/** Norms whose weights are kept as what they differ from 1 by. */
const PLUS_ONE: readonly Transform[] = [['add', 1]];
const NORMS = ['attn_norm', 'post_attention_norm', 'ffn_norm', 'post_ffw_norm'];

/** Queries and keys are normed without weights; then queries are scaled. The weights of such a norm say as much. */
const normOf = (to: string, ...value: Transform[]) => block(to, ['self_attn.q_proj'], ...value);

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
    { ...normOf('attn_q_norm', ['fill', 'head_dim', fields('qk_scale_factor')]), from: ['{L}.self_attn.q_proj.weight'], to: 'blk.{b}.attn_q_norm.weight' },
    { ...normOf('attn_k_norm', ['fill', 'head_dim', 1]), from: ['{L}.self_attn.q_proj.weight'], to: 'blk.{b}.attn_k_norm.weight' },
    ...named(`${DENSE} attn_gate post_ffw_norm post_attention_norm`, {
      ...ROTARY,
      ...Object.fromEntries(NORMS.map((name) => [`${name}.weight`, PLUS_ONE])),
    }),
  ],
  tokenizer: { kinds: ['bpe'], after: ['eot'] },
} as const satisfies Architecture;

import type { Architecture, Transform, Value } from '../architecture.js';
import { DENSE, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { needed, required, TEXT_KEYS } from '../text-keys.js';

const FACTOR: Value = { first: [{ fields: ['factor'] }, { fields: ['factor'], of: 'rope_root' }] };
const ROTATED: Value = {
  math: 'mul',
  of: [{ fields: ['partial_rotary_factor'], of: 'rope_root', required: true }, required('hidden_size')],
};
const PLUS_ONE: readonly Transform[] = [['add', 1]];

/** The checkpoint's norms are those of the model, less one. */
export const nemotron = {
  ...TEXT_MODEL,
  classes: ['NemotronForCausalLM'],
  gguf: 'nemotron',
  example: 'nvidia/Minitron-4B-Base',
  keys: [
    ...TEXT_KEYS,
    needed('vocab_size', 'u32', 'vocab_size'),
    needed(
      ...(['attention.layer_norm_epsilon', 'f32'] as const),
      ...['layer_norm_eps', 'layer_norm_epsilon', 'norm_epsilon', 'norm_eps'],
    ),
    [
      '{arch}.rope.dimension_count',
      'u32',
      { math: 'quotient', of: [{ math: 'quotient', of: [ROTATED, { value: 1 }] }, required('num_attention_heads')] },
    ],
    ['{arch}.rope.scaling.type', 'string', { value: 'none' }, { not: { set: FACTOR } }],
    ['{arch}.rope.scaling.type', 'string', { value: 'linear' }, { set: FACTOR }],
    ['{arch}.rope.scaling.factor', 'f32', FACTOR],
  ],
  tensors: named(DENSE, {
    'output_norm.weight': PLUS_ONE,
    'attn_norm.weight': PLUS_ONE,
    'ffn_norm.weight': PLUS_ONE,
  }),
  tokenizer: { kinds: ['sentencepiece'], after: ['nemotron-ids'] },
} as const satisfies Architecture;

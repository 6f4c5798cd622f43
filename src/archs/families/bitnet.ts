import type { Architecture, Probe, Transform } from '../architecture.js';
import { DENSE, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { TEXT_KEYS } from '../text-keys.js';

/** What has one of three values in each matrix, by the names in GGUF and in the checkpoint. */
const TERNARY = [
  ...(['q', 'k', 'v'] as const).map((name) => [`attn_${name}`, `self_attn.${name}_proj`] as const),
  ['attn_output', 'self_attn.o_proj'],
  ...(['gate', 'up', 'down'] as const).map((name) => [`ffn_${name}`, `mlp.${name}_proj`] as const),
] as const;

const rounded = (id: string): readonly Transform[] => [['ternary', { probe: id }]];

export const bitnet = {
  ...TEXT_MODEL,
  classes: ['BitnetForCausalLM', 'BitNetForCausalLM'],
  gguf: 'bitnet',
  example: '1bitLLM/bitnet_b1_58-large',
  keys: [
    ...TEXT_KEYS,
    ['{arch}.rope.scaling.type', 'string', { value: 'linear' }],
    ['{arch}.rope.scaling.factor', 'f32', { value: 1 }],
  ],
  tensors: named(
    `${DENSE.replace(' output ', ' ')} attn_sub_norm ffn_sub_norm`,
    Object.fromEntries(TERNARY.map(([id]) => [`${id}.weight`, rounded(id)])),
  ),
  probes: TERNARY.map(([id, name]): Probe => ({ id, want: 'mean', of: [`model.layers.{b}.${name}.weight`] })),
  tokenizer: { kinds: ['sentencepiece'] },
} as const satisfies Architecture;

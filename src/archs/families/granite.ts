import type { Architecture, Condition, KeyRow } from '../architecture.js';
import { DENSE, ROTARY, SINKS, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { EQUAL_SHARE, fields, LAYER_WINDOWS, whereSet, without } from '../text-keys.js';
import { LLAMA_KEYS, llama } from './llama.js';

/** Granite has no `head_dim`: it is ignored where config.json has one. */
export const GRANITE_KEYS: readonly KeyRow[] = [
  ...without(LLAMA_KEYS, 'attention.key_length', 'attention.value_length', 'rope.dimension_count'),
  ['{arch}.rope.dimension_count', 'u32', EQUAL_SHARE],
  whereSet('attention.scale', 'f32', 'attention_multiplier'),
  whereSet('embedding_scale', 'f32', 'embedding_multiplier'),
  whereSet('residual_scale', 'f32', 'residual_multiplier'),
  whereSet('logit_scale', 'f32', 'logits_scaling'),
  ['{arch}.deepstack_mapping', 'i32[]', { derive: 'deepstack_mapping' }],
];

export const granite = {
  ...llama,
  classes: ['GraniteForCausalLM'],
  gguf: 'granite',
  example: 'ibm-granite/granite-3.3-2b-instruct',
  keys: GRANITE_KEYS,
  ignore: [...TEXT_MODEL.ignore, 'encoder.*', '*image_*', '*layerwise_projectors*', '*spatial_projectors*'],
} as const satisfies Architecture;

const SLIDING: Condition = { set: fields('layer_types') };

/** Attention within a window in some layers, and rotary embeddings in some. */
export const graniteSwa = {
  ...granite,
  classes: ['GraniteSWAForCausalLM'],
  gguf: 'granite_swa',
  example: 'ibm-granite/granite-3.3-2b-instruct',
  keys: [
    ...GRANITE_KEYS,
    ['{arch}.attention.sliding_window', 'u32', { fields: ['sliding_window'], or: 128 }],
    [...LAYER_WINDOWS, SLIDING],
    [
      '{arch}.attention.sliding_window_pattern',
      'bool[]',
      { layers: { every: { value: 4 } }, yes: { value: false }, no: { value: true } },
      { not: SLIDING },
    ],
    [
      '{arch}.attention.rope_pattern',
      'bool[]',
      { layers: { list: fields('no_rope_layers'), is: [0, false] }, yes: { value: false }, no: { value: true } },
      { set: fields('no_rope_layers') },
    ],
  ],
  tensors: [...named(DENSE, ROTARY), SINKS],
} as const satisfies Architecture;

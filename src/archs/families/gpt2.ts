import type { Architecture, Transform } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { BLOCK_COUNT, FILE_TYPE, fourTimes, needed, TEXT_KEYS } from '../text-keys.js';

/** The matrices of transformers' `Conv1D` have their inputs first. */
const CONV_1D: readonly Transform[] = [['transpose', 0, 1]];

export const gpt2 = {
  ...TEXT_MODEL,
  classes: ['GPT2LMHeadModel'],
  gguf: 'gpt2',
  example: 'openai-community/gpt2',
  keys: [
    BLOCK_COUNT,
    needed('context_length', 'u32', 'n_ctx'),
    needed('embedding_length', 'u32', 'n_embd'),
    fourTimes('n_embd'),
    needed('attention.head_count', 'u32', 'n_head'),
    needed('attention.layer_norm_epsilon', 'f32', 'layer_norm_epsilon'),
    FILE_TYPE,
  ],
  tensors: named(
    'token_embd position_embd output output_norm attn_norm attn_qkv attn_output ffn_norm ffn_up ffn_down',
    {
      'attn_qkv.weight': CONV_1D,
      'attn_output.weight': CONV_1D,
      'ffn_up.weight': CONV_1D,
      'ffn_down.weight': CONV_1D,
    },
  ),
  drop: [...TEXT_MODEL.drop, '*.attn.bias', '*.attn.masked_bias'],
} as const satisfies Architecture;

/** GPT-2 with queries, keys and values in tensors of their own. */
export const rugpt3xl = {
  ...TEXT_MODEL,
  classes: ['RuGPT3XLForCausalLM'],
  gguf: 'gpt2',
  example: 'evilfreelancer/ruGPT3XL',
  keys: TEXT_KEYS,
  tensors: [
    ...named('token_embd position_embd output output_norm attn_norm attn_output ffn_norm ffn_up ffn_down'),
    {
      all: ['{L}.self_attn.q_proj.*', '{L}.self_attn.k_proj.*', '{L}.self_attn.v_proj.*'],
      to: 'blk.{b}.attn_qkv.*',
      via: [['concat', 0]],
    },
  ],
} as const satisfies Architecture;

/** GPT-2 with SwiGLU, ALiBi and factors of the maximal update parametrization. */
export const jais = {
  ...TEXT_MODEL,
  classes: ['JAISLMHeadModel'],
  gguf: 'jais',
  example: 'inceptionai/jais-family-590m',
  firstKeys: [['{arch}.attention.max_alibi_bias', 'f32', { derive: 'alibi_bias_of_slopes' }]],
  keys: [
    BLOCK_COUNT,
    needed('context_length', 'u32', 'n_positions'),
    needed('embedding_length', 'u32', 'n_embd'),
    needed('feed_forward_length', 'u32', 'n_inner'),
    needed('attention.head_count', 'u32', 'n_head'),
    needed('attention.layer_norm_epsilon', 'f32', 'layer_norm_epsilon'),
    FILE_TYPE,
  ],
  tensors: named('token_embd output output_norm attn_norm attn_qkv attn_output ffn_norm ffn_up ffn_gate ffn_down', {
    token_embd: [['mul', { fields: ['mup_embeddings_scale', 'embeddings_scale'] }]],
    output: [
      [
        'mul',
        {
          first: [
            { math: 'mul', of: [{ fields: ['mup_output_alpha'] }, { fields: ['mup_width_scale'] }] },
            { fields: ['width_scale'] },
          ],
        },
      ],
    ],
    'attn_qkv.weight': CONV_1D,
    'attn_output.weight': CONV_1D,
    'ffn_up.weight': CONV_1D,
    'ffn_gate.weight': CONV_1D,
    'ffn_down.weight': CONV_1D,
  }),
  ignore: [...TEXT_MODEL.ignore, '*.attn.bias'],
  drop: [...TEXT_MODEL.drop, '*relative_pe.slopes'],
  probes: [{ id: 'alibi_slopes', want: 'values', of: ['transformer.relative_pe.slopes'] }],
} as const satisfies Architecture;

export const jais2 = {
  ...TEXT_MODEL,
  classes: ['Jais2ForCausalLM'],
  gguf: 'jais2',
  example: 'inceptionai/Jais-2-8B-Chat',
  keys: [...TEXT_KEYS, ['{arch}.rope.dimension_count', 'u32', { derive: 'head_dim' }]],
  tensors: named('token_embd output output_norm attn_norm attn_q attn_k attn_v attn_output ffn_norm ffn_up ffn_down'),
} as const satisfies Architecture;

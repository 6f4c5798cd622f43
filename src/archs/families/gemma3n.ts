import type { Architecture, TensorRule, Transform } from '../architecture.js';
import { TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { needed } from '../text-keys.js';
import { GEMMA3_KEYS, GEMMA3_TENSORS, gemma3 } from './gemma.js';

/** Rows of zeros for the tokens that encoders fill. */
const ALL_TOKENS: readonly Transform[] = [['pad', { fields: ['vocab_size'], or: 262400 }]];

const stacked = (to: string, name: string): TensorRule => ({
  all: [0, 1, 2].map((i) => `${name}.${i}.weight`),
  to: `${to}.weight`,
  via: [['stack']],
});

export const gemma3n = {
  ...TEXT_MODEL,
  classes: ['Gemma3nForCausalLM', 'Gemma3nForConditionalGeneration'],
  gguf: 'gemma3n',
  example: 'google/gemma-3n-E2B-it',
  keys: [
    ...GEMMA3_KEYS,
    needed('altup.active_idx', 'u32', 'altup_active_idx'),
    needed('altup.num_inputs', 'u32', 'altup_num_inputs'),
    needed('embedding_length_per_layer_input', 'u32', 'hidden_size_per_layer_input'),
    needed('attention.shared_kv_layers', 'u32', 'num_kv_shared_layers'),
    ['{arch}.activation_sparsity_scale', 'f32[]', { derive: 'activation_sparsity' }],
    [
      '{arch}.attention.sliding_window_pattern',
      'bool[]',
      { layers: { list: { fields: ['layer_types'], required: true }, is: 'sliding_attention' } },
    ],
  ],
  tensors: [
    ...named(
      `${GEMMA3_TENSORS} per_layer_token_embd per_layer_model_proj per_layer_proj_norm inp_gate proj post_norm ` +
        'altup_correct_coef altup_predict_coef altup_router altup_router_norm laurel_l laurel_r laurel_post_norm',
      { token_embd: ALL_TOKENS, per_layer_token_embd: ALL_TOKENS },
    ),
    { from: ['{L}.altup.correct_output_scale'], to: 'blk.{b}.altup_correct_scale.weight' },
    stacked('altup_proj', 'model.altup_projections'),
    stacked('altup_unembd_proj', 'model.altup_unembed_projections'),
  ],
  tokenizer: gemma3.tokenizer,
} as const satisfies Architecture;

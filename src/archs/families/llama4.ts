import type { Architecture, TensorRule, Transform } from '../architecture.js';
import { DENSE } from '../rules.js';
import { named } from '../tensor-names.js';
import { LLAMA_KEYS, llama } from './llama.js';

/** The experts of a block in one tensor, which is multiplied from the other side. */
function half(i: number, to: string): TensorRule {
  const via: Transform[] = [
    ['transpose', 1, 2],
    ['chunk', 1, 2],
    ['take', i],
  ];
  return { from: ['{L}.feed_forward.experts.gate_up_proj'], to: `blk.{b}.${to}.weight`, via };
}

/** Its `intermediate_size` is that of experts; dense layers have `intermediate_size_mlp`. */
export const llama4 = {
  ...llama,
  classes: ['Llama4ForConditionalGeneration', 'Llama4ForCausalLM'],
  gguf: 'llama4',
  example: 'unsloth/Llama-4-Scout-17B-16E-Instruct',
  keys: [
    ...LLAMA_KEYS,
    [
      '{arch}.feed_forward_length',
      'u32',
      {
        fields: ['prefix_dense_intermediate_size', 'dense_intermediate_size', 'intermediate_size_mlp'],
        required: true,
      },
    ],
    ['{arch}.interleave_moe_layer_step', 'u32', { fields: ['interleave_moe_layer_step'], required: true }],
    ['{arch}.expert_feed_forward_length', 'u32', { fields: ['intermediate_size'], required: true }],
    ['{arch}.attention.sliding_window', 'u32', { value: 0 }, { derive: 'all_full_attention', is: true }],
  ],
  tensors: [
    ...named(`ffn_gate_inp ffn_gate_shexp ffn_up_shexp ffn_down_shexp ${DENSE}`),
    half(0, 'ffn_gate_exps'),
    half(1, 'ffn_up_exps'),
    {
      from: ['{L}.feed_forward.experts.down_proj'],
      to: 'blk.{b}.ffn_down_exps.weight',
      via: [['transpose', 1, 2]],
    },
  ],
  tokenizer: { kinds: ['bpe'] },
} as const satisfies Architecture;

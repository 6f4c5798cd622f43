import type { TensorRule } from './architecture.js';

/** A tensor of each block, by its names within one: transformers' with `model.`, and a bare encoder's without. */
export function blockTensor(name: string, to: string, transform?: TensorRule['transform']): TensorRule {
  return {
    from: [`model.layers.{bid}.${name}`, `layers.{bid}.${name}`],
    to: `blk.{bid}.${to}`,
    ...(transform && { transform }),
  };
}

/** The tensors that all dense decoders share, but for queries and keys. */
export const DENSE_TENSORS: readonly TensorRule[] = [
  { from: ['model.embed_tokens', 'embed_tokens'], to: 'token_embd' },
  { from: ['model.norm', 'norm'], to: 'output_norm' },
  { from: ['lm_head', 'model.lm_head'], to: 'output' },
  blockTensor('input_layernorm', 'attn_norm'),
  blockTensor('self_attn.v_proj', 'attn_v'),
  blockTensor('self_attn.o_proj', 'attn_output'),
  blockTensor('post_attention_layernorm', 'ffn_norm'),
  blockTensor('mlp.gate_proj', 'ffn_gate'),
  blockTensor('mlp.up_proj', 'ffn_up'),
  blockTensor('mlp.down_proj', 'ffn_down'),
];

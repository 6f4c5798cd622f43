import type { TensorRule } from './architecture.js';

/**
 * A tensor of each block.
 * @param names what it is called within a block, behind `model.layers.{bid}` or, in a bare encoder, `layers.{bid}`.
 */
export function blockTensor(to: string, names: readonly string[], transform?: TensorRule['transform']): TensorRule {
  return {
    from: names.flatMap((name) => [`model.layers.{bid}.${name}`, `layers.{bid}.${name}`]),
    to: `blk.{bid}.${to}`,
    ...(transform && { transform }),
  };
}

/** The tensors that all dense decoders share, but for queries and keys. */
export const DENSE_TENSORS: readonly TensorRule[] = [
  { from: ['model.embed_tokens', 'embed_tokens'], to: 'token_embd' },
  { from: ['model.norm', 'norm'], to: 'output_norm' },
  { from: ['lm_head', 'model.lm_head'], to: 'output' },
  blockTensor('attn_norm', ['input_layernorm', 'pre_attention_layernorm']),
  blockTensor('attn_v', ['self_attn.v_proj']),
  blockTensor('attn_output', ['self_attn.o_proj']),
  blockTensor('ffn_norm', ['post_attention_layernorm', 'pre_mlp_layernorm']),
  blockTensor('ffn_gate', ['mlp.gate_proj']),
  blockTensor('ffn_up', ['mlp.up_proj']),
  blockTensor('ffn_down', ['mlp.down_proj']),
];

import { family } from '../family.js';

const parts = (of: string, names: string) =>
  names
    .split(' ')
    .map((pair) => pair.split('='))
    .map(([to, from = to]) => `${of}.{b}.${to}.* = backbone.${of}.{b}.${from}.*`)
    .join('\n');
/** The decoder of WavTokenizer: codes of speech become the spectrum of a wave. It reads no text. */
export const wavTokenizerDec = family`wavtokenizer-dec: WavTokenizerDec (novateur/WavTokenizer-large-speech-75token)
  keys: + vocab_size; features_length = n_embd_features; feed_forward_length = n_ff
    attention.group_norm_epsilon = group_norm_epsilon; attention.group_norm_groups = group_norm_groups
    posnet.embedding_length = posnet/n_embd; posnet.block_count = posnet/n_layer
    convnext.embedding_length = convnext/n_embd; convnext.block_count = convnext/n_layer; attention.causal = false
  # All norms between the layers of the first stage have one name, whatever they stand before.
  tensors: token_embd; token_embd.weight = token_embd.weight; conv1d.* = backbone.embed.*
    token_embd_norm.* = backbone.norm.*; output.* = head.out.*; output_norm.* = backbone.final_layer_norm.*
    ${parts('posnet', 'conv1 conv2 attn_norm=norm norm1 norm2 attn_q=q attn_k=k attn_v=v attn_output=proj_out')}
    ${parts('convnext', 'dw=dwconv norm pw1=pwconv1 pw2=pwconv2 gamma')}
  ignore: *codebook.cluster_size *codebook.embed_avg *codebook.inited
  types: posnet.*.norm1.weight F32; posnet.*.norm2.weight F32; tokenizer: none`;

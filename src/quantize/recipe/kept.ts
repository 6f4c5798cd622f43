import { dimensions, type RecipeTensor } from './tensor.js';

/** Matrices that are never quantized: small, or too sensitive (`tensor_allows_quantization` in src/llama-quant.cpp). */
const KEPT: readonly RegExp[] = [
  /_norm\.weight/,
  /ffn_gate_inp\.weight/,
  /ffn_gate_tid2eid\.weight/,
  /altup|laurel|per_layer_model_proj/,
  /^(position_embd|token_types)\.weight$/,
  /ssm_conv1d|shortconv\.conv\.weight/,
  /indexer\.[kq]_proj\.weight/,
  /time_mix_(first|[wva][012]|g[12]|decay_w[12]|lerp_fused)\.weight/,
  /attn_rel_b\.weight/,
  /\.position_embd|sam\.pos_embd|sam\.neck\.|sam\.net_|\.rel_pos|\.patch_embd|\.patch_merger/,
  /a\.rvq\.codebook|mm\.a\.code_embd/,
];

/** Why a tensor keeps its type in a quantized file; undefined if it does not. */
export function whyKept({ name, ne }: RecipeTensor): string | undefined {
  if (dimensions(ne) < 2) {
    return 'one dimension';
  }
  if (!name.endsWith('weight')) {
    return 'no weight matrix';
  }
  return KEPT.some((pattern) => pattern.test(name)) ? 'never quantized' : undefined;
}

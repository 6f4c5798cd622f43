/** What a tensor does, as far as recipes tell tensors apart. `values` has the fused attn_qkv and attn_kv_b among it. */
export type Category =
  | 'output'
  | 'token_embd'
  | 'values'
  | 'attn_k'
  | 'attn_q'
  | 'attn_output'
  | 'ffn_up'
  | 'ffn_gate'
  | 'ffn_down'
  | 'other';

/** The first match is the tensor's category. */
const CATEGORIES: readonly (readonly [RegExp, Category])[] = [
  [/^output\.weight$/, 'output'],
  [/^(per_layer_)?token_embd\.weight$/, 'token_embd'],
  [/attn_(qkv|kv_b|v)\.weight/, 'values'],
  [/attn_k\.weight/, 'attn_k'],
  [/attn_q\.weight/, 'attn_q'],
  [/attn_output\.weight/, 'attn_output'],
  [/ffn_up/, 'ffn_up'],
  [/ffn_gate/, 'ffn_gate'],
  [/ffn_down/, 'ffn_down'],
];

export function categoryOf(name: string): Category {
  return CATEGORIES.find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
}

export function isFeedForward(category: Category): boolean {
  return category.startsWith('ffn_');
}

import type { Architecture } from '../architecture.js';
import { block, DENSE, experts, ROTARY, TEXT_MODEL, W123 } from '../rules.js';
import { named } from '../tensor-names.js';
import { EQUAL_SHARE, needed, TEXT_KEYS } from '../text-keys.js';

/** A dense decoder, with experts beside its feed-forward part. */
export const arctic = {
  ...TEXT_MODEL,
  classes: ['ArcticForCausalLM'],
  gguf: 'arctic',
  example: 'Snowflake/snowflake-arctic-instruct',
  keys: [...TEXT_KEYS, needed('vocab_size', 'u32', 'vocab_size'), ['{arch}.rope.dimension_count', 'u32', EQUAL_SHARE]],
  tensors: [
    ...named(`${DENSE.replace(' ffn_norm', '')} ffn_gate_inp`, {
      'attn_q.weight': ROTARY.attn_q,
      'attn_k.weight': ROTARY.attn_k,
    }),
    block('ffn_norm', ['residual_layernorm']),
    block('ffn_norm_exps', ['post_attention_layernorm']),
    ...experts('block_sparse_moe.experts.{x}.{p}', W123),
  ],
  tokenizer: { kinds: ['arctic'] },
} as const satisfies Architecture;

import type { Architecture, TensorRule, Transform, Value } from '../architecture.js';
import { ROTARY, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { EQUAL_SHARE, required, TEXT_KEYS } from '../text-keys.js';

const GROUP: Value = { math: 'quotient', of: [required('num_attention_heads'), required('num_key_value_heads')] };
const more = (count: number): Value => ({ math: 'add', of: [GROUP, { value: count }] });

/** A part of `wqkv`, in which the queries of each key-value head are followed by its keys and values. */
const part = (to: string, from: number | Value, end: Value, ...then: readonly Transform[]): TensorRule => ({
  from: ['{L}.attention.wqkv.weight'],
  to: `blk.{b}.${to}.weight`,
  via: [
    ['reshape', 'num_key_value_heads', more(2), EQUAL_SHARE, 'hidden_size'],
    ['slice', 1, from, end],
    ['reshape', -1, 'hidden_size'],
    ...then,
  ],
});

export const internlm2 = {
  ...TEXT_MODEL,
  classes: ['InternLM2ForCausalLM'],
  gguf: 'internlm2',
  example: 'internlm/internlm2-chat-7b',
  keys: TEXT_KEYS,
  tensors: [
    ...named('token_embd output_norm output attn_norm attn_output ffn_norm ffn_gate ffn_up ffn_down'),
    part('attn_q', 0, GROUP, ...ROTARY.attn_q),
    part('attn_k', GROUP, more(1), ...ROTARY.attn_k),
    part('attn_v', more(1), more(2)),
  ],
  tokenizer: { kinds: ['internlm2'] },
} as const satisfies Architecture;

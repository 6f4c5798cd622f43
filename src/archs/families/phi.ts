import type { Architecture, KeyRow, Value } from '../architecture.js';
import { experts, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { fourTimes, keyList, math, whole } from '../text-keys.js';

const NAMES = 'token_embd output output_norm attn_norm attn_qkv attn_q attn_k attn_v attn_output ffn_norm';
const HEADS: Value = { fields: ['num_attention_heads', 'n_head'], required: true };

/** The dimensions of a head that are rotated: a share of the model's, whole, divided by the heads. */
function rotated(or?: number): KeyRow {
  const share: Value = { fields: ['partial_rotary_factor'], of: 'rope_root', ...(or ? { or } : { required: true }) };
  const all = whole(math('mul', share, { fields: ['hidden_size', 'n_embd'], required: true }));
  return ['{arch}.rope.dimension_count', 'u32', math('quotient', all, HEADS)];
}

export const phi2 = {
  ...TEXT_MODEL,
  classes: ['PhiForCausalLM'],
  gguf: 'phi2',
  example: 'microsoft/phi-2',
  keys: [
    ...keyList('context_length=n_positions|max_position_embeddings embedding_length=hidden_size|n_embd'),
    fourTimes('hidden_size', 'n_embd'),
    ...keyList('block_count attention.head_count=num_attention_heads|n_head'),
    ...keyList('attention.head_count_kv=num_attention_heads|n_head'),
    ...keyList('attention.layer_norm_epsilon:f32=layer_norm_epsilon|layer_norm_eps'),
    rotated(),
    ...keyList('file_type'),
    ['tokenizer.ggml.add_bos_token', 'bool', { value: false }],
  ],
  tensors: named(`${NAMES} ffn_up ffn_down`),
  unproven: true,
} as const satisfies Architecture;

/** Phi-3, Phi-3.5, Phi-4 and Phi-4-mini. Phi-4 is told by a window of 0. */
export const phi3 = {
  ...TEXT_MODEL,
  classes: ['Phi3ForCausalLM', 'Phi4ForCausalLMV'],
  gguf: 'phi3',
  example: 'microsoft/Phi-3-mini-4k-instruct',
  firstKeys: keyList('rope.scaling.attn_factor:f32=@long_rope_attention_factor'),
  keys: [
    ...keyList('context_length=n_positions|max_position_embeddings'),
    ...keyList('rope.scaling.original_context_length=rope_root/original_max_position_embeddings'),
    ...keyList('embedding_length=hidden_size|n_embd feed_forward_length=intermediate_size block_count'),
    ...keyList('attention.head_count=num_attention_heads|n_head'),
    ...keyList('attention.head_count_kv=num_key_value_heads|n_head_kv'),
    ...keyList('attention.layer_norm_rms_epsilon:f32=rms_norm_eps'),
    rotated(1),
    ...keyList('rope.freq_base:f32=rope/rope_theta file_type attention.sliding_window=sliding_window?0'),
  ],
  tensors: named(`${NAMES} ffn_up ffn_down`),
  extra: ['long_rope_factors'],
  tokenizer: { kinds: ['phi3', 'bpe'] },
} as const satisfies Architecture;

export const phimoe = {
  ...phi3,
  classes: ['PhiMoEForCausalLM'],
  gguf: 'phimoe',
  example: 'microsoft/Phi-3.5-MoE-instruct',
  keys: [
    ...phi3.keys,
    ...keyList('expert_used_count=num_experts_per_tok|num_experts_per_token'),
    ...keyList('expert_count=num_local_experts|num_experts'),
  ],
  tensors: [
    ...named(`${NAMES} ffn_gate_inp`),
    ...experts('block_sparse_moe.experts.{x}.{p}', [
      ['w1', 'ffn_gate_exps'],
      ['w2', 'ffn_down_exps'],
      ['w3', 'ffn_up_exps'],
    ]),
  ],
  unproven: true,
} as const satisfies Architecture;

import type { Architecture, PartName, Value } from '../architecture.js';
import { block, TEXT_MODEL } from '../rules.js';
import { named } from '../tensor-names.js';
import { LAYER_WINDOWS, needed, required, TEXT_KEYS } from '../text-keys.js';

/** How many dimensions of a head are rotated in one kind of layers, by the share that config.json gives or `or`. */
export function rotaryOf(of: PartName, or?: number): Value {
  const share = { fields: ['partial_rotary_factor'], of, ...(or === undefined ? { required: true as const } : { or }) };
  return { math: 'quotient', of: [{ math: 'mul', of: [required('head_dim'), share] }, { value: 1 }] };
}

/** A gate for each head. */
export const spark = {
  ...TEXT_MODEL,
  classes: ['Spark2_5ForCausalLM'],
  gguf: 'spark2_5',
  example: 'XHToken/Spark-X2.5-1.7B',
  keys: [
    ...TEXT_KEYS,
    needed('vocab_size', 'u32', 'vocab_size'),
    needed('attention.sliding_window', 'u32', 'sliding_window'),
    LAYER_WINDOWS,
    ['{arch}.rope.dimension_count', 'u32', rotaryOf('rope')],
    ['{arch}.rope.dimension_count_swa', 'u32', rotaryOf('rope_sliding')],
  ],
  tensors: [
    ...named('token_embd output_norm output attn_norm attn_output ffn_norm ffn_gate ffn_up ffn_down'),
    block('attn_qkv', ['self_attn.q_k_v_proj']),
    block('attn_gate', ['self_attn.g_proj'], ['reshape', 'head_count', 'hidden_size']),
  ],
} as const satisfies Architecture;

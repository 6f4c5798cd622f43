import { family } from '../family.js';

const LAYOUT = 'tensor_data_layout = "Meta AI original pth"';
const KEYS = `$TEXT_KEYS; ${LAYOUT}; rope.dimension_count = $EQUAL_SHARE`;
/** Baichuan 1 and 2, whose queries, keys and values lie in one tensor. The reference does not end on them. */
export const baichuan = family`baichuan: BaichuanForCausalLM BaiChuanForCausalLM (baichuan-inc/Baichuan2-7B-Chat)
    unproven
  keys: ${KEYS}
  tensors: token_embd output_norm output attn_norm attn_output ffn_norm ffn_gate ffn_up ffn_down
    .attn_q.weight = .self_attn.W_pack.weight: chunk(0, 3), take(0), rotary(head_count)
    .attn_k.weight = .self_attn.W_pack.weight: chunk(0, 3), take(1), rotary(head_count)
    .attn_v.weight = .self_attn.W_pack.weight: chunk(0, 3), take(2)
  tokenizer: sentencepiece`;

export const xverse = family`xverse: XverseForCausalLM (xverse/XVERSE-7B)
  keys: ${KEYS}; tensors: $DENSE; $ROTARY_WEIGHTS; tokenizer: xverse`;

/** Its norms are no RMS norms, whatever the field is called. */
export const orion = family`orion: OrionForCausalLM (OrionStarAI/Orion-14B-Base)
  keys: general.file_type = @file_type; ${LAYOUT}
    context_length = max_sequence_length|max_position_embeddings|model_max_length; embedding_length = hidden_size
    block_count = @block_count; feed_forward_length = intermediate_size; attention.head_count = num_attention_heads
    attention.head_count_kv = @kv_head_count; attention.layer_norm_epsilon = rms_norm_eps
  tensors: $DENSE; tokenizer: sentencepiece`;

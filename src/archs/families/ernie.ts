import { family } from '../family.js';

export const ernie4_5 = family`ernie4_5: Ernie4_5_ForCausalLM Ernie4_5ForCausalLM (baidu/ERNIE-4.5-0.3B-PT)
  tensors: $DENSE; .attn_q.* .attn_k.* .attn_v.* = .self_attn.qkv_proj.*: $SPLIT_QKV
    .ffn_gate.* .ffn_up.* = .mlp.up_gate_proj.*: chunk(0, 2)
  rename: + ernie. = model.; tokenizer: sentencepiece, after add-space-prefix`;

export const ernie4_5Moe = family`ernie4_5-moe: Ernie4_5_MoeForCausalLM (baidu/ERNIE-4.5-21B-A3B-PT)
    like ${ernie4_5} unproven
  keys: + expert_count = moe_num_experts; expert_used_count = moe_k; interleave_moe_layer_step = moe_layer_interval
    leading_dense_block_count = moe_layer_start_index; expert_feed_forward_length = moe_intermediate_size?
    expert_shared_count = moe_num_shared_experts?
    expert_shared_feed_forward_length = intermediate_size? // num_key_value_heads? when moe_num_shared_experts > 0
  tensors: $DENSE ffn_gate_inp exp_probs_b $SHARED; experts .mlp.experts.{x}: gate_proj up_proj down_proj
  ignore: + model.mtp_block.* model.mtp_emb_norm.* model.mtp_hidden_norm.* model.mtp_linear_proj.*`;

export const paddleocr = family`paddleocr: PaddleOCRVLForConditionalGeneration (PaddlePaddle/PaddleOCR-VL)
    like ${ernie4_5}`;

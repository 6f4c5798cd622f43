import { family } from '../family.js';
import { QWEN2_KEYS, qwen3moe } from './qwen.js';

/** Models that fill masked tokens in, in any order, so that each token sees all others. */
const NOT_CAUSAL = 'attention.causal = false';
const MASK = 'tokenizer.ggml.mask_token_id = mask_token_id?';
const NO_SHIFT = 'diffusion.shift_logits = false';
export const dream = family`dream: DreamModel (Dream-org/Dream-v0-Instruct-7B)
  keys: ${QWEN2_KEYS}; ${NOT_CAUSAL}; ${MASK}
  tensors: $DENSE; tokenizer: sentencepiece bpe, addedTokens as-they-are`;

export const llada = family`llada: LLaDAModelLM (GSAI-ML/LLaDA-8B-Instruct)
  keys: ${QWEN2_KEYS}; vocab_size
    rope.dimension_count = head_dim? else hidden_size|d_model? // num_attention_heads|n_heads?
    context_length = max_sequence_length?4096; embedding_length = d_model?4096
    feed_forward_length = mlp_hidden_size?12288; ${NOT_CAUSAL}; ${NO_SHIFT}
  tensors: $DENSE; $ROTARY; tokenizer: bpe, addedTokens as-they-are, after add-bos`;

export const lladaMoe = family`llada-moe: LLaDAMoEModel LLaDAMoEModelLM (inclusionAI/LLaDA-MoE-7B-A1B-Instruct)
  keys: + expert_feed_forward_length = expert_intermediate_size?; tokenizer.ggml.mask_token_id = 156895
    ${NOT_CAUSAL}; ${NO_SHIFT}
  tensors: $DENSE ffn_gate_inp $QK_NORMS; $EXPERTS`;

export const rnd1 = family`rnd1: RND1 (radicalnumerics/RND1-Base-0910) like ${qwen3moe}
  keys: + ${NOT_CAUSAL}; ${MASK}`;

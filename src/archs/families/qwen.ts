import { family } from '../family.js';

/** The first Qwen. */
export const qwen = family`qwen: QWenLMHeadModel (Qwen/Qwen-1_8B)
  tensors: token_embd output_norm output attn_norm attn_qkv attn_output ffn_norm ffn_gate ffn_up ffn_down
  tokenizer: qwen-tiktoken bpe`;

export const QWEN2_KEYS = `$TEXT_KEYS; pooling_type = @pooling_type`;

export const qwen2 = family`qwen2: Qwen2ForCausalLM Qwen2Model Qwen2AudioForConditionalGeneration KORMoForCausalLM
    AudioFlamingo3ForConditionalGeneration DotsOCRForCausalLM (Qwen/Qwen2.5-7B-Instruct)
  keys: ${QWEN2_KEYS}; tensors: $DENSE; tokenizer: sentencepiece bpe`;

/** What Qwen's model card asks a reranker with. */
const RERANK_TEMPLATE =
  '<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct ' +
  'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n<Instruct>: Given a web ' +
  'search query, retrieve relevant passages that answer the query\n<Query>: {query}\n<Document>: ' +
  '{document}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n';
/** Rerankers are Qwen3 models under the same class, or Qwen3-VL models. */
export const QWEN3_KEYS = `${QWEN2_KEYS}
  if @is_reranker {
    pooling_type = 4; classifier.output_labels = ["yes", "no"]
    tokenizer.chat_template.rerank = ${JSON.stringify(RERANK_TEMPLATE)}; tokenizer.chat_templates = ["rerank"]
  }`;

/** The head of a reranker has the two rows of the output that score its answers. */
const ANSWERS = 'pick(@yes_token, @no_token)';
const QWEN3_TENSORS = `cls.output.weight = model.embed_tokens.weight
    | embed_tokens.weight: ${ANSWERS} when @is_reranker and set tie_word_embeddings
  cls.output.weight = lm_head.weight: ${ANSWERS} when @is_reranker and not set tie_word_embeddings
  output.* = lm_head.* when not (@is_reranker and not set tie_word_embeddings); $HEADLESS $QK_NORMS`;
/** Intern-S1: a Qwen3 with a tokenizer of its own, with an id for the beginning of texts where no file says one. */
const INTERN_S1 = '@origin == "InternS1ForConditionalGeneration"';
const INTERN_S1_TOKENIZER = 'bpe, roles bos 151643';
export const qwen3 = family`qwen3: Qwen3ForCausalLM Qwen3Model (Qwen/Qwen3-8B)
  when: not ${INTERN_S1}; keys: ${QWEN3_KEYS}
  tensors: ${QWEN3_TENSORS}; tokenizer: sentencepiece bpe`;

export const qwen3InternS1 = family`qwen3: Qwen3ForCausalLM Qwen3Model (internlm/Intern-S1-mini) like ${qwen3}
  when: ${INTERN_S1}; tokenizer: ${INTERN_S1_TOKENIZER}`;

/** The text model of Step3-VL-10B is a Qwen3. */
export const step3vl = family`qwen3: StepVLForConditionalGeneration (stepfun-ai/Step3-VL-10B) like ${qwen3} unproven`;

export const QWEN_MOE_KEYS = `$TEXT_KEYS; expert_feed_forward_length = moe_intermediate_size?
  expert_shared_feed_forward_length = shared_expert_intermediate_size?`;

/** Experts one by one, or in newer checkpoints all in one tensor. */
export const QWEN_EXPERTS = `$EXPERTS; $STACKED_EXPERTS`;

/** A router, and an expert that all tokens pass, by a gate of its own. */
export const GATED_SHARED_EXPERT = 'ffn_gate_inp ffn_gate_inp_shexp $SHARED';

export const qwen2moe = family`qwen2moe: Qwen2MoeForCausalLM (Qwen/Qwen1.5-MoE-A2.7B)
  keys: ${QWEN_MOE_KEYS}; tensors: $DENSE ${GATED_SHARED_EXPERT}; ${QWEN_EXPERTS}`;

export const qwen3moe = family`qwen3moe: Qwen3MoeForCausalLM (Qwen/Qwen3-30B-A3B) like ${qwen2moe}
  when: not ${INTERN_S1}; tensors: $DENSE ffn_gate_inp $QK_NORMS; ${QWEN_EXPERTS}`;

export const qwen3moeInternS1 = family`qwen3moe: Qwen3MoeForCausalLM (internlm/Intern-S1) like ${qwen3moe} unproven
  when: ${INTERN_S1}; tokenizer: ${INTERN_S1_TOKENIZER}`;

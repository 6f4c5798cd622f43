import { family } from '../family.js';
import { expanded } from '../texts.js';

export const LLAMA_KEYS = `$TEXT_KEYS; vocab_size; rope.dimension_count = @head_dim`;

export const llama = family`llama: LLaMAForCausalLM LlamaForCausalLM LlamaModel MistralForCausalLM MixtralForCausalLM
    VLlama3ForCausalLM IQuestCoderForCausalLM LlavaForConditionalGeneration VoxtralForConditionalGeneration
    (unsloth/Llama-3.2-1B-Instruct)
  keys: ${LLAMA_KEYS}
  tensors: $DENSE ffn_gate_inp; $ROTARY; $MIXTRAL_EXPERTS; strip: text_model.; extra: rope_freqs
  tokenizer: tekken hybrid-dna sentencepiece llama-hf bpe, before add-space-prefix, after code-llama-infill
    granite-no-bos`;

export const llamaEmbed = family`llama-embed: LlamaBidirectionalModel (nvidia/llama-embed-nemotron-8b)
    like ${llama} unproven`;

export const smollm3 = family`smollm3: SmolLM3ForCausalLM (HuggingFaceTB/SmolLM3-3B) like ${llama}
  tensors: $DENSE; $ROTARY`;

/** Without a gate. */
export const arcee = family`arcee: ArceeForCausalLM (arcee-ai/AFM-4.5B) like ${llama}
  keys: + pooling_type = @pooling_type; tensors: $ATTENTION ffn_norm ffn_up ffn_down; $ROTARY`;

/** Blocks that are run several times. */
export const nanbeige = family`nanbeige: NanbeigeForCausalLM (Nanbeige/Nanbeige4.2-3B) like ${llama}
  keys: + num_loops = max(num_loops?1, 1); skip_loop_final_norm = skip_loop_final_norm?false
  tensors: $DENSE; $ROTARY`;

/**
 * CogVLM: a Llama whose blocks have a second set of weights for the places of an image. The reference drops that set,
 * for the `vision_` in its names, and llama.cpp does not load a file without it.
 */
export const cogvlm = family`cogvlm: CogVLMForCausalLM (THUDM/cogvlm2-llama3-chat-19B) like ${llama} unproven
  tensors: token_embd output_norm output attn_norm attn_qkv attn_output ffn_norm ffn_gate ffn_up ffn_down
    vis_up vis_gate vis_down vis_attn_output vis_attn_qkv
  ignore: ${expanded('$IGNORE').replace('*vision_* ', '')}`;

/** The language model of Janus Pro. */
export const janus = family`llama: JanusForConditionalGeneration (deepseek-community/Janus-Pro-1B)
    like ${llama} unproven
  ignore: + model.aligner.* model.vqmodel.* model.generation_*`;

/** InternLM 3, which is a Llama with a tokenizer of its own. */
export const internlm3 = family`llama: InternLM3ForCausalLM (internlm/internlm3-8b-instruct)
  keys: ${LLAMA_KEYS}
  tensors: $DENSE; $ROTARY; tokenizer: sentencepiece, between add-space-prefix, after im-end-is-eos`;

/** The language model of Sarashina 2.2 Vision, a Llama within `llm`; the encoder's last norm is `norm`. */
export const sarashina2 = family`llama: Sarashina2VisionForCausalLM (sbintuitions/sarashina2.2-vision-3b) like ${llama}
  strip: llm.; ignore: + norm.*`;

/** Parameters of xIELU, the activation: a number for each block. They are no tensors of the file, but keys. */
const XIELU = ['alpha_n', 'alpha_p', 'beta', 'eps'];
export const apertus = family`apertus: ApertusForCausalLM (swiss-ai/Apertus-8B-Instruct-2509) like ${llama}
  firstKeys: ${XIELU.map((id) => `xielu.${id} = probe(${id})?`).join('\n')}
  tensors: $ATTENTION ffn_norm ffn_up ffn_down $QK_NORMS
  probes: ${XIELU.map((id) => `${id}: values model.layers.{b}.mlp.act_fn.${id}`).join('\n')}
  drop: + ${XIELU.map((id) => `*.act_fn.${id}`).join(' ')}`;

export const afmoe = family`afmoe: AfmoeForCausalLM (arcee-ai/Trinity-Large-Thinking) like ${llama}
  keys: + expert_shared_count = num_shared_experts?; expert_feed_forward_length = moe_intermediate_size?
    leading_dense_block_count = num_dense_layers?; expert_weights_norm = route_norm?
    expert_weights_scale = route_scale?; attention.sliding_window = sliding_window?
  tensors: $DENSE attn_gate post_attention_norm post_ffw_norm $SHARED_EXPERT $QK_NORMS
    .exp_probs_b.bias = .mlp.expert_bias; experts .mlp.experts.{x}: gate_proj up_proj down_proj`;

/** Its `intermediate_size` is that of experts; dense layers have `intermediate_size_mlp`. */
export const llama4 = family`llama4: Llama4ForConditionalGeneration Llama4ForCausalLM
    (unsloth/Llama-4-Scout-17B-16E-Instruct) like ${llama}
  keys: + feed_forward_length = prefix_dense_intermediate_size|dense_intermediate_size|intermediate_size_mlp
    interleave_moe_layer_step; expert_feed_forward_length = intermediate_size
    attention.sliding_window = 0 when @all_full_attention
  # The experts of a block in one tensor, which is multiplied from the other side.
  tensors: $SHARED_EXPERT $DENSE
    .ffn_gate_exps.weight .ffn_up_exps.weight = .feed_forward.experts.gate_up_proj: transpose(1, 2), chunk(1, 2)
    .ffn_down_exps.weight = .feed_forward.experts.down_proj: transpose(1, 2)
  tokenizer: bpe`;

/** A dense decoder, with experts beside its feed-forward part. */
export const arctic = family`arctic: ArcticForCausalLM (Snowflake/snowflake-arctic-instruct)
  keys: + vocab_size; rope.dimension_count = $EQUAL_SHARE
  tensors: $ATTENTION ffn_gate ffn_up ffn_down ffn_gate_inp; $ROTARY_WEIGHTS; .ffn_norm.* = .residual_layernorm.*
    .ffn_norm_exps.* = .post_attention_layernorm.*; $MIXTRAL_EXPERTS
  tokenizer: arctic`;

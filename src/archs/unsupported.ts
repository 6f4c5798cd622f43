import { readCondition } from '../language/formulas.js';
import type { Condition } from '../language/value.js';

/** A kind of model that is not converted: one under a class name that families have, or a class that none has. */
export interface Unsupported {
  readonly classes: readonly string[];
  readonly when: Condition | undefined;
  /** Completes "The model is". */
  readonly what: string;
  readonly next: string;
}

/**
 * Classes, and deeper the condition or `always`, what completes "The model is", and what to do.
 * A line goes on in deeper ones.
 * ref-quirk: the reference knows a Hunyuan's scaled length of texts for what was released alone; of NomicBERT
 * (`NomicBertModel` in conversion/bert.py), llama.cpp computes the layers of the released models alone.
 */
const TEXT = `
  BailingMoeV3ForCausalLM
    not set no_kda_lora or not set kda_safe_gate or gated_attention_proj_granularity_type != "head_wise"
    a Ling 3 with another kind of gates than the released ones
    Check no_kda_lora, kda_safe_gate and gated_attention_proj_granularity_type in config.json.
  HunYuanDenseV1ForCausalLM HunYuanVLForConditionalGeneration
    rope_root/rope_type? == "dynamic" and not set rope_root/mrope_section
      and not (rope_root/rope_theta?10000 == 10000 and max_position_embeddings in [32768, 262144])
    a Hunyuan whose rotary scaling is not that of the released ones
    Check rope_theta and max_position_embeddings in config.json.
  HunYuanMoEV1ForCausalLM
    rope_root/rope_type? == "dynamic"
      and not (rope_root/rope_theta?10000 == 10000 and max_position_embeddings in [32768, 262144]
        and rope_root/alpha?1000 == 1000 and hidden_size // num_attention_heads == 128)
    a Hunyuan whose rotary scaling is not that of the released ones
    Check rope_theta, max_position_embeddings, alpha and the size of heads in config.json.
  MiMoV2FlashForCausalLM MiMoV2ForCausalLM
    swa_head_dim - head_dim != 0 or swa_num_attention_heads - num_attention_heads != 0
      or swa_v_head_dim - v_head_dim != 0 or topk_method != "noaux_tc"
    a MiMo V2 whose windowed layers have heads of other sizes, or whose topk_method is not noaux_tc
    Check the fields that begin with swa_ in config.json.
  Dots3NoteForCausalLM Dots3NoteForConditionalGeneration Dots3NoteTextForCausalLM
    @lacks_layer_types or use_dsa?true != true or normalization?"RMSNorm" != "RMSNorm"
      or final_norm?"RMSNorm" != "RMSNorm"
      or k_rope_only_layernorm?true != true or topk_method?"noaux_tc" != "noaux_tc" or scoring_func != "sigmoid"
      or n_group?1 != 1 or topk_group?1 != 1 or set use_dynamic_rsf or set moe_gating_fp32
      or attention_gate_type?"headwise" != "headwise" or swa_attention_gate_type?"headwise" != "headwise"
      or swa_qk_nope_head_dim + swa_qk_rope_head_dim - swa_head_dim?256 != 0
      or swa_qk_rope_head_dim - qk_rope_head_dim != 0 or swa_q_lora_rank - q_lora_rank != 0
    a dots3 with another kind of attention, gates or norms than the released one, or with too few layer_types
    Check layer_types, scoring_func, attention_gate_type and the fields that begin with swa_ in config.json.
  Qwen3DSparkModel DSparkDraftModel DSparkSpeculator Lfm2DSparkDraftModel LingDSparkModel Gemma4DSparkModel
    dflash_config/markov_head_type else markov_head_type?"vanilla" != "vanilla"
    a DSpark with a Markov head of another kind than vanilla (markov_head_type)
    Convert one with a vanilla head.
  Gemma4DSparkModel
    set attention_bias or set enable_moe_block or set final_logit_softcapping or not set attention_k_eq_v
      or hidden_activation?"gelu_pytorch_tanh" != "gelu_pytorch_tanh" or not @all_full_attention
      or not @has_full_draft_vocabulary or not set dflash_config/target_layer_ids else target_layer_ids
    a Gemma 4's draft with layers, a head or an activation of another kind than released ones have
    Convert another one.
  Gemma3ForCausalLM Gemma3TextModel Gemma3nForCausalLM Gemma4ForCausalLM
    attn_logit_softcapping?"none" != "none"
    a Gemma 3 or later whose attention is capped (attn_logit_softcapping)
    Convert a Gemma 2 instead.
  Gemma3nForCausalLM
    altup_num_inputs?4 != 4
    a Gemma 3n without four inputs of AltUp (altup_num_inputs)
    Convert one that has four.
  KimiK3ForConditionalGeneration
    mla_use_nope == false or has hidden_act and hidden_act != "situ"
    a Kimi K3 whose latent attention rotates, or whose activation is not situ
    Convert a Kimi K3 as it was released.
  JAISLMHeadModel
    activation_function?"swiglu" != "swiglu" or position_embedding_type?"alibi" != "alibi"
    a Jais without SwiGLU or ALiBi
    Convert one that has both.
  NomicBertModel
    has n_positions and n_positions not in [8192, 2048] or has max_trained_positions and max_trained_positions != 2048
      or has rotary_emb_fraction and rotary_emb_fraction != 1 or set causal or set prenorm or set rotary_emb_interleaved
      or set rotary_emb_scale_base
    a NomicBERT of another design than the released ones
    Check n_positions, causal, prenorm and the rotary_emb_* fields in config.json.
  ExaoneForCausalLM
    activation_function != "silu"
    an EXAONE whose activation_function is not silu
    Convert one that has it.
  BambaForCausalLM GraniteMoeHybridForCausalLM
    has hidden_act and hidden_act not in ["silu", null]
    a hybrid whose hidden_act is not silu
    Convert one that has it.
  LagunaForCausalLM
    @laguna_gates_declared == false
    a Laguna whose \`gating\` in config.json does not say which gates it has
    Set gating to "per-head" or "per-element", as the model has it.
  MapleForCausalLM
    hidden_act != "silu" or set num_shared_experts or norm_topk_prob in [false, null, 0]
      or not set nope_on_global_attention
    a Maple with another activation, shared experts, unnormalized weights of experts or rotary global attention
    Convert one that is as the released model.
  MiniMaxText01ForCausalLM MiniMaxM1ForCausalLM
    layernorm_linear_attention_alpha - layernorm_full_attention_alpha != 0
      or layernorm_mlp_alpha - layernorm_full_attention_alpha != 0
      or layernorm_full_attention_beta != 1 or layernorm_linear_attention_beta != 1 or layernorm_mlp_beta != 1
    a MiniMax whose residuals are not all scaled alike (layernorm_..._alpha and _beta in config.json)
    Convert one whose alphas are equal and whose betas are 1.
  NemotronHForCausalLM
    has num_experts_per_tok and num_nextn_predict_layers > 1
    a Nemotron-H with more than one block for multi-token prediction
    Set num_nextn_predict_layers in config.json to 0 to convert it without.
  Spark2_5ForCausalLM
    gate_attn_act_mode != "sigmoid" or headwise_attn_output_gate != true or hidden_act != "gelu"
    a Spark 2.5 without sigmoid gates for each head, or without GELU
    Convert one that has both.
  Qwen3TTSForConditionalGeneration PocketTTSModel
    always
    a speech model whose embeddings follow from several tensors by a product of matrices
    Convert it with convert_hf_to_gguf.py of llama.cpp.
  UltravoxModel
    always
    an encoder of sound without a language model
    Convert the language model that it stands before: text_model_id in config.json names it.
  InternVisionModel RADIOModel PaddleOCRVisionModel
    always
    an encoder of images without a language model
    Convert the model that it is a part of.
  GraniteSpeechForConditionalGeneration GraniteSpeechPlusForConditionalGeneration
      Granite4VisionForConditionalGeneration GlmasrModel Idefics3ForConditionalGeneration
      Lfm2AudioForConditionalGeneration Lfm2VlForConditionalGeneration LightOnOCRForConditionalGeneration
      MERaLiON2ForConditionalGeneration MiniMaxM3VLForConditionalGeneration NemotronH_Nano_VL_V2
      SmolVLMForConditionalGeneration Glm5vForConditionalGeneration
    always
    a language model within another whose class config.json does not say
    Name it in \`architectures\` of text_config in config.json, as the language model by itself has it.
  Step3p5ForCausalLM Step3p7ForConditionalGeneration
    @step_rotary_factors_fit == false
    a Step-3.5 whose partial_rotary_factors are not 1 in layers with a window and 0.5 in others
    Convert one that is as the released model.`;

/** They are looked up before the families, by class first: conditions are read when they are asked for. */
export const UNSUPPORTED: readonly Unsupported[] = TEXT.trim()
  .split(/\n {2}(?! )/)
  .map((row) => {
    const [classes = '', when = '', what = '', next = ''] = row.split(/\n {4}(?! )/);
    return {
      ...{ classes: classes.split(/\s+/), what, next },
      get when() {
        return when === 'always' ? undefined : readCondition(when);
      },
    };
  });

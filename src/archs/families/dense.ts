import { family } from '../family.js';

/** Dense decoders that have no kin. */

/** What has one of three values in each matrix, by the names in GGUF and in the checkpoint. */
const TERNARY = [
  ...['q', 'k', 'v'].map((part) => [`attn_${part}`, `self_attn.${part}_proj`]),
  ...[
    ['attn_output', 'self_attn.o_proj'],
    ...['gate', 'up', 'down'].map((part) => [`ffn_${part}`, `mlp.${part}_proj`]),
  ],
];
export const bitnet = family`bitnet: BitnetForCausalLM BitNetForCausalLM (1bitLLM/bitnet_b1_58-large)
  keys: + rope.scaling.type = "linear"; rope.scaling.factor = 1
  tensors: $HEADLESS attn_sub_norm ffn_sub_norm
    ${TERNARY.map(([to]) => `${to}.weight: ternary(probe(${to})?)`).join('\n')}
  probes: ${TERNARY.map(([to, from]) => `${to}: mean model.layers.{b}.${from}.weight`).join('\n')}
  tokenizer: sentencepiece`;

/** transformers has the norm of a head once for each; its halves are apart there, as those of the heads' rows are. */
const headNorm = (heads: string) =>
  `slice(0, 0, 1), reshape(2, hidden_size // ${heads} // 2), transpose(0, 1), reshape(1, -1), expand(0, ${heads})`;
export const chameleon = family`chameleon: ChameleonForConditionalGeneration ChameleonForCausalLM
    (facebook/chameleon-7b)
  keys: + swin_norm = swin_norm?false
  tensors: $DENSE $QK_NORMS; $ROTARY; attn_q_norm: ${headNorm('num_attention_heads')}
    attn_k_norm: ${headNorm('num_key_value_heads')}
  ignore: + model.vqmodel*`;

const HEAD_SIZE = 'hidden_size? // num_attention_heads?';

/** Blocks of different kinds: with attention, with linear attention, or without either. */
export const deci = family`deci: DeciLMForCausalLM (Deci/DeciLM-7B)
  when: vocab_size?128256 != 128256
  keys: # Models whose blocks were found by a search have block_configs, and keys of their own.
    if has block_configs {
      rope.freq_base = rope_root/rope_theta?; attention.head_count_kv:i32[] = @deci_kv_heads
      attention.head_count:i32[] = @deci_heads; feed_forward_length:i32[] = @deci_feed_forward
      block_count = @block_count; context_length = max_position_embeddings; embedding_length = hidden_size
      attention.layer_norm_rms_epsilon = rms_norm_eps; attention.key_length = ${HEAD_SIZE}
      attention.value_length = ${HEAD_SIZE}; general.file_type = @file_type
    }
    if not has block_configs {
      $TEXT_KEYS; attention.head_count_kv:i32[] = num_key_value_heads_per_layer?
    }
    vocab_size; rope.dimension_count = @head_dim
  tensors: $DENSE; attn_q: rotary(head_count); attn_k: rotary(@deci_kv_heads)
  extra: rope_freqs; tokenizer: llama-hf`;

/** The vocabulary of Llama 3. */
export const nemotronNas = family`deci: DeciLMForCausalLM (nvidia/Llama-3_1-Nemotron-51B-Instruct) like ${deci} unproven
  when: vocab_size?128256 == 128256; tokenizer: bpe`;

/** Two stacks of blocks, which run in cycles: the blocks that are counted are those that run. */
export const hrmText = family`hrm_text: HrmTextForCausalLM (danish-foundation-models/DFM-Mimir)
  keys: + block_count = @hrm_layers_per_stack * H_cycles * (L_cycles + 1); rope.dimension_count = @head_dim
    embedding_scale; hrm.layers_per_stack = @hrm_layers_per_stack; hrm.h_cycles = H_cycles; hrm.l_cycles = L_cycles
    hrm.prefix_lm = prefix_lm?false
  tensors: token_embd output attn_output ffn_down; hrm.z_l_init = model.z_L_init
    .attn_gate.* .attn_q.* .attn_k.* .attn_v.* = .self_attn.gqkv_proj.*: chunk(0, 4)
    .ffn_gate.* .ffn_up.* = .mlp.gate_up_proj.*: chunk(0, 2)
  blocks: model.L_module.layers.{b} model.H_module.layers.{b}+hrm_layers_per_stack
  blockLimit: @hrm_layers_per_stack * 2; rename: + .attn. = .self_attn.`;

const GROUP = 'num_attention_heads // num_key_value_heads';
/** A part of `wqkv`, in which the queries of each key-value head are followed by its keys and values. */
const packed = (from: string, end: string) =>
  `reshape(num_key_value_heads, ${GROUP} + 2, $EQUAL_SHARE, hidden_size), slice(1, ${from}, ${end}),
  reshape(-1, hidden_size)`;
export const internlm2 = family`internlm2: InternLM2ForCausalLM (internlm/internlm2-chat-7b)
  tensors: token_embd output_norm output attn_norm attn_output ffn_norm ffn_gate ffn_up ffn_down
    .attn_q.weight = .attention.wqkv.weight: ${packed('0', GROUP)}, rotary(head_count)
    .attn_k.weight = .attention.wqkv.weight: ${packed(GROUP, `${GROUP} + 1`)}, rotary(kv_head_count)
    .attn_v.weight = .attention.wqkv.weight: ${packed(`${GROUP} + 1`, `${GROUP} + 2`)}
  tokenizer: internlm2`;

export const maincoder = family`maincoder: MaincoderForCausalLM (Maincode/Maincoder-1B)
  keys: + rope.dimension_count = head_dim?; tensors: $DENSE $QK_NORMS`;

/** MiniCPM 1, 2 and 4. */
export const minicpm = family`minicpm: MiniCPMForCausalLM (openbmb/MiniCPM-2B-sft-bf16)
  keys: + embedding_scale = scale_emb; residual_scale = scale_depth / num_hidden_layers ** 0.5
    logit_scale = hidden_size / dim_model_base
  tensors: $DENSE; $ROTARY_WEIGHTS; extra: head_rope_factors; tokenizer: sentencepiece`;

/** MiniCPM 3, with a latent of keys and values. */
export const minicpm3 = family`minicpm3: MiniCPM3ForCausalLM (openbmb/MiniCPM3-4B) like ${minicpm}
  keys: general.file_type = @file_type; context_length = max_position_embeddings; embedding_length = hidden_size
    block_count = @block_count; feed_forward_length = intermediate_size; attention.head_count = num_attention_heads
    attention.head_count_kv = num_key_value_heads; attention.layer_norm_rms_epsilon = rms_norm_eps; vocab_size
    attention.q_lora_rank = q_lora_rank?; attention.kv_lora_rank = kv_lora_rank
    attention.key_length = qk_nope_head_dim + qk_rope_head_dim; rope.dimension_count = qk_rope_head_dim
  tensors: token_embd output_norm output attn_norm attn_q_a attn_q_a_norm attn_q_b attn_kv_a_mqa attn_kv_a_norm
    attn_kv_b attn_output ffn_norm ffn_gate ffn_up ffn_down
  extra: latent_rope_factors`;

/** Queries and keys are normed without weights; then queries are scaled. The weights of such a norm say as much. */
export const museGlimmer = family`muse-glimmer: MuseGlimmerForConditionalGeneration (meta-models/Muse-Glimmer-30B)
  keys: + final_logit_softcapping; logit_scale = output_multiplier; attention.sliding_window = sliding_window
    $LAYER_WINDOWS
  tensors: .attn_q_norm.weight = .self_attn.q_proj.weight: fill((qk_scale_factor), head_dim)
    .attn_k_norm.weight = .self_attn.q_proj.weight: fill(1, head_dim); $DENSE attn_gate post_ffw_norm
    post_attention_norm; $ROTARY; plus-one attn_norm post_attention_norm ffn_norm post_ffw_norm
  tokenizer: bpe, after eot`;

const FACTOR = 'factor? else rope_root/factor?';
/** The checkpoint's norms are those of the model, less one. */
export const nemotron = family`nemotron: NemotronForCausalLM (nvidia/Minitron-4B-Base)
  keys: + vocab_size
    attention.layer_norm_epsilon = layer_norm_eps|layer_norm_epsilon|norm_epsilon|norm_eps
    rope.dimension_count = floor(rope_root/partial_rotary_factor * hidden_size) // num_attention_heads
    rope.scaling.type = "none" when not set ${FACTOR}; rope.scaling.type = "linear" when set ${FACTOR}
    rope.scaling.factor = ${FACTOR}
  tensors: $DENSE; plus-one output_norm attn_norm ffn_norm; tokenizer: sentencepiece, after nemotron-ids`;

/** Its norms have no weights. */
export const olmo = family`olmo: OlmoForCausalLM OLMoForCausalLM (allenai/OLMo-1.7-7B-hf)
  keys: + attention.layer_norm_epsilon = 1e-5; attention.clamp_kqv = clip_qkv?
  tensors: token_embd output attn_q attn_k attn_v attn_output ffn_gate ffn_up ffn_down; $ROTARY_WEIGHTS`;

/** OLMo 2, and OLMo 3 with windows in all but every fourth layer. Norms stand behind attention and feed-forward. */
export const olmo2 = family`olmo2: Olmo2ForCausalLM Olmo3ForCausalLM (allenai/OLMo-2-1124-7B-Instruct)
  keys: + attention.sliding_window = sliding_window?
    $LAYER_WINDOWS else layers(every 4 after 1, false, true) when has sliding_window
  tensors: token_embd output_norm output attn_q attn_k attn_v attn_output ffn_gate ffn_up ffn_down post_attention_norm
    post_ffw_norm $QK_NORMS`;

export const olmoe = family`olmoe: OlmoeForCausalLM (allenai/OLMoE-1B-7B-0924)
  keys: + attention.layer_norm_rms_epsilon = 1e-5
  tensors: $DENSE ffn_gate_inp $QK_NORMS; $EXPERTS`;

export const openelm = family`openelm: OpenELMForCausalLM (apple/OpenELM-270M)
  keys: block_count = @block_count; context_length[] = max_context_length; embedding_length[] = model_dim
    feed_forward_length:i32[] = @openelm_feed_forward; attention.head_count:i32[] = num_query_heads
    attention.head_count_kv:i32[] = num_kv_heads; rope.freq_base = rope_freq_constant
    attention.layer_norm_rms_epsilon = 1e-6; rope.dimension_count[] = head_dim; attention.key_length[] = head_dim
    attention.value_length[] = head_dim; general.file_type = @file_type
  tensors: token_embd output_norm attn_norm attn_qkv attn_output ffn_norm ffn_down $QK_NORMS
    .ffn_gate.* .ffn_up.* = .ffn.proj_1.*: chunk(0, 2)
  tokenizer: sentencepiece elsewhere`;

export const panguEmbedded = family`pangu-embedded: PanguEmbeddedForCausalLM
    (FreedomIntelligence/openPangu-Embedded-7B-V1.1)
  keys: + vocab_size; rope.dimension_count = @head_dim; attention.key_length = @head_dim
    attention.value_length = @head_dim
  tensors: $HEADLESS; $TIED_OUTPUT; tokenizer: sentencepiece, after add-space-prefix`;

export const plm = family`plm: PLMForCausalLM (PLM-Team/PLM-1.8B-Instruct)
  keys: + vocab_size; attention.kv_lora_rank = kv_lora_rank
    attention.key_length = qk_nope_head_dim + qk_rope_head_dim; attention.value_length = v_head_dim
    rope.dimension_count = qk_rope_head_dim
  tensors: token_embd output_norm output attn_norm attn_q attn_output ffn_norm ffn_up ffn_down
    attn_kv_a_mqa attn_kv_b attn_kv_a_norm`;

export const seedOss = family`seed_oss: SeedOssForCausalLM (ByteDance-Seed/Seed-OSS-36B-Instruct)
  tensors: $DENSE post_attention_norm`;

/** A gate for each head. */
export const spark = family`spark2_5: Spark2_5ForCausalLM (XHToken/Spark-X2.5-1.7B)
  keys: + vocab_size; attention.sliding_window = sliding_window; $LAYER_WINDOWS
    rope.dimension_count = floor(head_dim * rope/partial_rotary_factor)
    rope.dimension_count_swa = floor(head_dim * rope_sliding/partial_rotary_factor)
  tensors: token_embd output_norm output attn_norm attn_output ffn_norm ffn_gate ffn_up ffn_down
    .attn_qkv.* = .self_attn.q_k_v_proj.*; .attn_gate.* = .self_attn.g_proj.*: reshape(head_count, hidden_size)`;

/** StableLM 2 12B has a norm for each head. llama.cpp reads those of a block as one tensor; the reference drops it. */
export const stablelm = family`stablelm: StableLmForCausalLM StableLMEpochForCausalLM LlavaStableLMEpochForCausalLM
    (stabilityai/stablelm-2-1_6b)
  keys: context_length = max_position_embeddings; embedding_length = hidden_size; block_count = @block_count
    feed_forward_length = intermediate_size; $ROTARY_DIMENSIONS($EQUAL_SHARE)
    attention.head_count = num_attention_heads; attention.head_count_kv = num_key_value_heads
    use_parallel_residual = use_parallel_residual?true; attention.layer_norm_epsilon = layer_norm_eps|norm_eps
    general.file_type = @file_type
  tensors: $DENSE; .attn_q_norm.weight = .self_attn.q_layernorm.norms.{x}.weight each head_count
    .attn_k_norm.weight = .self_attn.k_layernorm.norms.{x}.weight each kv_head_count
  tokenizer: bpe qwen-tiktoken`;

/** Talkie rotates the other way round: the second half of each head changes its sign. */
const INVERTED = `reshape(-1, (head_dim), (hidden_size)), transpose(0, 1), mulRows(head_dim // 2, 1, -1, -1),
  transpose(0, 1), reshape(-1, (hidden_size))`;
export const talkie = family`talkie: TalkieForCausalLM (lewtun/talkie-1930-13b-it-hf)
  firstKeys: logit_scale = probe(logit scale)?
  keys: + attention.layer_norm_rms_epsilon = ${2 ** -23}
  tensors: token_embd attn_q attn_k attn_v attn_output ffn_gate ffn_up ffn_down; attn_q attn_k: ${INVERTED}
    weights output attn_q_norm layer_output_scale; weights attn_q_norm: reshape(-1, 1)
    .attn_output.scale = .attn_gain.a_g; .ffn_down.scale = .mlp_gain.a_g
  probes: logit scale: values lm_head_gain.w_g; drop: + lm_head_gain.w_g`;

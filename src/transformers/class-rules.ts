import { isObject, type Json, type JsonObject } from '../json.js';
import { mainBlockCount, times } from '../language/blocks.js';
import { integer } from '../language/fields.js';
import { isMissing, type Rule, readRules, refused } from './rules.js';

const FULL: string = '"full_attention"';
const SLIDING: string = '"sliding_attention"';
const [LINEAR, INDEXED] = ['"linear_attention"', '"indexed_attention"'] as const;

/** Missing `layer_types`: a kind for layers that a test holds of, and another for all others. */
const kinds = (test: string, kind = FULL, other = SLIDING) => `layer_types ?= layers(${test}, ${kind}, ${other})`;
const all = (kind = FULL) => kinds('from 0', kind, kind);
/** The same by `no_rope_layers`, in which layers that don't rotate are 0. */
const byRotation = (still: string, other = SLIDING) =>
  kinds('from 0', `layers(no_rope_layers is [0, false], ${still}, ${other})`);
/** Every so many layers are of a kind. A field may have another period. */
const every = (period: number, kind?: string, other?: string) => kinds(`every ${period} after 1`, kind, other);
const windowPattern = (period: number) => kinds(`every sliding_window_pattern?${period} after 1`);
const fullInterval = (kind?: string) => kinds('every full_attention_interval?4 after 1', kind, LINEAR);
const isAutomatic = (field: string) => `when lacks ${field} or ${field} == "auto"`;
const isNone = (field: string) => `(lacks ${field} or ${field} == null)`;
/** A sixteenth of the hidden size, rounded up. */
const SIXTEENTH = '(hidden_size + 15) // 16';
/** The first layers are dense, all others sparse. */
const denseFirst = (dense: number | string) => `mlp_layer_types ?= layers(from ${dense}, "sparse", "dense")`;
/** Every fourth layer, counted back from the last one. */
const FROM_END = 'every 4 after 1 - num_hidden_layers';
const DENSE = 'first_k_dense_replace?0';

/**
 * Rows of rules that others name, then of `model_type`s: the rules of their classes, where these derive more than all
 * classes do (`derived`), or check their fields. ref-quirk: each row follows the constructor in transformers'
 * configuration_<model_type>.py.
 */
const CLASSES = rowsOf(`
  kv_heads: num_key_value_heads ?= num_attention_heads?
  head_dim: head_dim ?= hidden_size // num_attention_heads
  no_window: sliding_window = null when not set use_sliding_window
  no_rope_layers: no_rope_layers ?= layers(every no_rope_layer_interval after 1, 0, 1)
  # Without a window all layers have full attention; with one, those that don't rotate have it, or else the first ones.
  layer_types: ${all()} when use_sliding_window == false or ${isNone('sliding_window')}
    ${byRotation(SLIDING, FULL)} when set no_rope_layers; ${kinds('from max_window_layers?0', SLIDING, FULL)}
  # Multi-head latent attention: a part of a query rotates, whose size is head_dim.
  latent_query: qk_head_dim = qk_nope_head_dim + qk_rope_head_dim
  latent_heads: head_dim = qk_rope_head_dim; latent_query
  latent_moe: latent_heads; ${denseFirst(DENSE)}; ${all(INDEXED)}; n_routed_experts = num_experts?
  # transformers' ExaoneMoeConfig divides by 0 without a window.
  windowed: refuse when ${isNone('sliding_window')} and ${isNone('layer_types')}
  embed_size: hidden_size = n_embed?; -n_embed

  bamba granitemoehybrid: kv_heads
    mamba_d_head = mamba_expand * hidden_size // mamba_n_heads ${isAutomatic('mamba_d_head')}
  bert: -attn_implementation
  bloom: embed_size
  cohere2: kv_heads head_dim rope_scaling; ${windowPattern(4)}; check_layer_types
  cohere2_moe: kv_heads
    ${kinds(
      `from ${DENSE}`,
      `layers(every sliding_window_pattern after 1 - ${DENSE}, ${FULL}, ${SLIDING})`,
      `layers(every prefix_dense_sliding_window_pattern after 1, ${FULL}, ${SLIDING})`,
    )}
    check_layer_types; ${denseFirst(DENSE)}; -first_k_dense_replace
  dbrx: num_key_value_heads = attn_config/kv_n_heads?
  deepseek_v2: kv_heads; head_dim = qk_rope_head_dim; rope_scaling
  deepseek_v3: latent_heads kv_heads rope_scaling
  dots1: kv_heads layer_types check_layer_types
  ernie4_5_moe: rope_scaling; moe_layer_end_index ?= num_hidden_layers - 1
  exaone4: windowed; ${windowPattern(4)}; check_layer_types
  falcon: ffn_hidden_size ?= 4 * hidden_size; embed_size; num_kv_heads ?= num_attention_heads?
  gemma2: ${every(2)}; check_layer_types
  # Attention in both directions has half of its window ahead and half behind.
  gemma3_text: sliding_window = sliding_window // 2 + 1 when set use_bidirectional_attention
    _sliding_window_pattern = sliding_window_pattern?6; rope_scaling; ${windowPattern(6)}; check_layer_types
  gemma3n_text: intermediate_size = layers(from 0, intermediate_size?16384); rope_scaling; ${every(5)}
    check_layer_types; activation_sparsity_pattern ?= layers(from 10, 0, 0.95) when num_hidden_layers > 10
    activation_sparsity_pattern ?= layers(from 0, 0)
  gemma3n_vision timm_wrapper: -id2label -label2id
  gpt_oss: kv_heads head_dim; ${every(2)}; check_layer_types rope_scaling
  hunyuan_v1_dense hunyuan_v1_moe: kv_heads -eod_token_id
  jamba: kv_heads; mamba_dt_rank = ${SIXTEENTH} ${isAutomatic('mamba_dt_rank')}
  lfm2: rope_theta = theta?; intermediate_size = block_ff_dim?; tie_word_embeddings = tie_embedding?
    ${kinds('among full_attn_idxs', FULL, '"conv"')} when not ${isNone('full_attn_idxs')}; ${all()}; -full_attn_idxs
  llama: kv_heads head_dim rope_scaling
  # An empty list of layers that don't rotate is none.
  llama4_text: kv_heads head_dim; -no_rope_layers when not set no_rope_layers; no_rope_layer_interval ?= 4
    no_rope_layers moe_layers; ${byRotation(FULL, '"chunked_attention"')}; check_layer_types; -no_rope_layer_interval
  mamba falcon_mamba: intermediate_size ?= expand * hidden_size
    time_step_rank = ${SIXTEENTH} ${isAutomatic('time_step_rank')}
  minimax: kv_heads; ${every(2, LINEAR, FULL)}; check_layer_types
  ministral: kv_heads layer_types
  mistral: kv_heads
  mpt: mpt_attention
  olmo3: kv_heads; ${every(4)}
  phi3: kv_heads longrope
  qwen2 qwen3: no_window kv_heads rope_scaling layer_types check_layer_types
  qwen2_5_omni_talker: no_window kv_heads layer_types check_layer_types
  qwen2_5_omni_text: no_window kv_heads rope_scaling omni_rope layer_types check_layer_types
  qwen2_vl qwen2_5_vl: mrope rope_scaling
  qwen2_vl_text qwen2_5_vl_text: no_window kv_heads layer_types check_layer_types mrope rope_scaling
  qwen2_moe qwen3_moe: no_window rope_scaling
  qwen3_next: rope_scaling; ${fullInterval()}; check_layer_types
  rwkv: attention_hidden_size ?= hidden_size?; intermediate_size ?= 4 * hidden_size
  smollm3: kv_heads no_rope_layers layer_types check_layer_types rope_scaling
  t5 mt5 umt5: num_decoder_layers ?= num_layers?; dense_activation
  apertus arcee cohere ernie4_5 glm4_moe glm4v_moe_text glm4v_text gpt_neox granite granitemoe granitemoeshared
    nemotron olmoe phi qwen3_omni_moe_text qwen3_vl_moe_text qwen3_vl_text seed_oss stablelm starcoder2:
    derived rope_scaling

  # Classes that transformers has since version 5, and encoders of both.
  afmoe: ${kinds('every global_attn_every_n_layers?4 after 1')}; kv_heads
  deepseek_v32: latent_moe
  exaone_moe: windowed; ${denseFirst(DENSE)}; ${windowPattern(4)}
  glm4_moe_lite: ${denseFirst(1)}; latent_query
  # Layers that share the choice of tokens stand behind one that has an indexer.
  glm_moe_dsa: indexer_letters; indexer_types ?= index_topk_pattern?
    indexer_types ?= layers(from index_skip_topk_offset?2 - 1,
    layers(every max(index_topk_freq?1, 1) after 1 - index_skip_topk_offset?2, "full", "shared"), "full"); latent_moe
  granite_speech_encoder granite_speech_plus_encoder: dim_head ?= hidden_dim // num_heads
  granite_swa granitemoe_swa: kv_heads; ${kinds('every 4')}
  hy_v3: ${denseFirst(1)}
  hy_v4: num_key_value_heads = num_attention_heads?; latent_heads; ${denseFirst(1)}; ${all(INDEXED)}
    indexer_types ?= layers(from 1, layers(every 4 after 3, "full", "shared"), "full")
  kimi_linear: kv_heads latent_heads; linear_head_dim = linear_attn_config/head_dim?
    linear_num_heads = linear_attn_config/num_heads?
    linear_conv_kernel_dim = linear_attn_config/short_conv_kernel_size?
    ${kinds('among linear_attn_config/full_attn_layers after 1', FULL, LINEAR)}
    when set linear_attn_config/full_attn_layers
    ${kinds('from 1', `layers(every 4, ${FULL}, ${LINEAR})`, LINEAR)}; ${denseFirst('first_k_dense_replace?1')}
  laguna: ${all()}; ${denseFirst(1)}; num_attention_heads_per_layer ?= layers(from 0, num_attention_heads)
  mellum: ${all()}; ${denseFirst(0)}
  mimo_v2_flash: ${kinds('from 1', `layers(every 6 after 1, ${FULL}, ${SLIDING})`, FULL)}; ${denseFirst(1)}
  minicpm3: latent_heads; v_head_dim ?= hidden_size // num_attention_heads; kv_heads
  ministral3: kv_heads head_dim ministral_rope
  muse_glimmer_assistant: ${all(SLIDING)}
  muse_glimmer_text: ${kinds(FROM_END)}
  muse_glimmer_vision:
    ${kinds('from num_hidden_layers - 1', FULL, `layers(every 4 after 1, ${FULL}, "window_attention")`)}
  qwen3_5_text qwen3_5_moe_text: partial_rotary_factor ?= 0.25; ${fullInterval()} dropping full_attention_interval
  qwen2_audio_encoder qwen2_5_omni_audio_encoder qwen3_omni_moe_audio_encoder: num_hidden_layers = encoder_layers?
  qwen3_omni_moe_talker_code_predictor: layer_types check_layer_types
  qwen4_exp_text: ple_embed_dim ?= hidden_size?; ${fullInterval(INDEXED)} dropping full_attention_interval
  unlimited_ocr_text: ${all()} when sliding_window == null; ${all('"reference_sliding_attention"')}
    ${denseFirst('first_k_dense_replace?1')}; head_dim kv_heads
  youtu: kv_heads latent_heads; initializer_range ?= 2 / (5 * hidden_size) ** 0.5 when hidden_size > 0
    initializer_range ?= 0.02
    embedding_initializer_range = 2 * initializer_range when not set embedding_initializer_range`);

/** Rows of rules that version 5 runs after `rope_parameters` have their final form, for classes of version 4, too. */
const LATE = rowsOf(`
  granite_swa granitemoe_swa: layer_rope_theta ?= layers(from 0, rope_parameters/rope_theta?0)
  ministral mistral: head_dim
  muse_glimmer_text: layer_rope_theta ?= layers(${FROM_END}, 0, rope_parameters/rope_theta?0)`);

/** Lines, of which deeper ones belong to the one before: names, a colon, and what is said of them. */
function rowsOf(text: string): ReadonlyMap<string, string> {
  const rows = text.split(/\n\s*# .*|\n {2}(?! )/).filter((row) => row.trim() !== '');
  return new Map(
    rows.flatMap((row) => {
      const [, names = '', rules = ''] = /^([^:]*):(.*)$/s.exec(row) ?? [];
      return names
        .trim()
        .split(/\s+/)
        .map((name) => [name, rules] as const);
    }),
  );
}

/** The keys that transformers' `modeling_rope_utils.py` requires for each type of `rope_scaling`, beside the type. */
const ROPE_KEYS: ReadonlyMap<Json | undefined, readonly string[]> = new Map([
  ['linear', ['factor']],
  ['dynamic', ['factor']],
  ['yarn', ['factor']],
  ['longrope', ['short_factor', 'long_factor']],
  ['llama3', ['factor', 'original_max_position_embeddings', 'low_freq_factor', 'high_freq_factor']],
]);

/** Checks the keys of a type of scaling. An unknown type may have any keys. */
export function checkRopeKeys(type: Json | undefined, rope: JsonObject): void {
  if (ROPE_KEYS.get(type)?.some((key) => rope[key] === undefined)) {
    refused('rope_scaling');
  }
}

/** Changes the type of an old `rope_scaling`. */
const renamedScaling =
  (to: string, ...from: readonly Json[]): Rule =>
  (fields) => {
    const rope = fields.rope_scaling;
    if (isObject(rope) && from.some((type) => type === rope.type)) {
      fields.rope_scaling = { ...rope, type: to };
    }
  };

const LAYER_TYPES: readonly Json[] = ['full', 'sliding', 'chunked', 'linear'].map((kind) => `${kind}_attention`);

/** Rules that no line can say, by the names that lines have for them. */
const RULES: Readonly<Record<string, Rule>> = {
  refuse: () => refused('a field'),
  /** `type` is the old name of `rope_type`, and wins over it. */
  rope_scaling(fields) {
    const given = fields.rope_scaling;
    if (isMissing(given)) {
      return;
    }
    const rope = isObject(given) ? given : refused('rope_scaling');
    const named = rope.type === undefined ? rope : { ...rope, rope_type: rope.type };
    fields.rope_scaling = named;
    checkRopeKeys(named.rope_type === undefined ? refused('rope_scaling') : named.rope_type, named);
  },
  /** Each layer has one known type. */
  check_layer_types({ layer_types: types, num_hidden_layers: layers }) {
    if (!Array.isArray(types) || types.length !== layers || !types.every((type) => LAYER_TYPES.includes(type))) {
      refused('layer_types');
    }
  },
  /** Multimodal rotation was once called a type of scaling (`Qwen2VLTextConfig`). */
  mrope: renamedScaling('default', 'mrope'),
  longrope: renamedScaling('longrope', 'su', 'yarn'),
  omni_rope(fields) {
    fields.rope_scaling ??= { mrope_section: [16, 24, 24], rope_type: 'default', type: 'default' };
  },
  ministral_rope(fields) {
    fields.rope_parameters ??= {
      ...{ type: 'yarn', rope_theta: 1000000, factor: 16, original_max_position_embeddings: 16384 },
      ...{ max_position_embeddings: fields.max_position_embeddings, beta_fast: 32, beta_slow: 1 },
      ...{ mscale_all_dim: 1, mscale: 1, llama_4_scaling_beta: 0.1 },
    };
  },
  moe_layers(fields) {
    const step = integer({ hparams: fields }, 'interleave_moe_layer_step');
    const layers = times(mainBlockCount({ hparams: fields }), (layer) => layer);
    fields.moe_layers ??= layers.filter((layer) => (layer + 1) % step === 0);
  },
  /** Takes `feed_forward_proj` apart. `gated-gelu` stands for GELU's approximation by tanh (`T5Config`). */
  dense_activation(fields) {
    const given = fields.feed_forward_proj;
    const parts = typeof given === 'string' ? given.split('-') : [];
    if (parts.length === 0 || parts.length > 2 || (parts.length === 2 && parts[0] !== 'gated')) {
      refused('feed_forward_proj');
    }
    fields.dense_act_fn = given === 'gated-gelu' ? 'gelu_new' : parts.at(-1);
    fields.is_gated_act = parts[0] === 'gated';
  },
  /** A letter for each layer says whether it has an indexer, or uses the choice of another layer. */
  indexer_letters(fields) {
    if (typeof fields.index_topk_pattern === 'string') {
      fields.indexer_types ??= [...fields.index_topk_pattern].map((each) => (each === 'F' ? 'full' : 'shared'));
    }
  },
  /** `MptAttentionConfig` has no number of heads of keys and values. */
  mpt_attention(fields) {
    const { kv_n_heads: _, ...attention } = isObject(fields.attn_config) ? fields.attn_config : {};
    const isKnown = attention.attn_type === 'multihead_attention' || attention.attn_type === 'multiquery_attention';
    fields.attn_config = isKnown ? attention : refused('attn_type');
  },
};

/** The fields that most classes derive, with the names of their rules. */
const DERIVED = Object.entries({ num_key_value_heads: 'kv_heads', head_dim: 'head_dim' });

/** The rules of a `model_type`. @param derived fields that its record lists as derived. */
export function rulesOf(name: string, derived: readonly string[]): readonly Rule[] {
  const usual = DERIVED.flatMap(([field, rule]) => (derived.includes(field) ? rule : [])).join(' ');
  const named = (word: string): readonly Rule[] => {
    const rule = RULES[word];
    return rule ? [rule] : readRules(CLASSES.get(word) ?? usual, named);
  };
  return named(name);
}

/** The rules that version 5 runs at the end. */
export const lateRules = (name: string): readonly Rule[] =>
  readRules(LATE.get(name) ?? '', (word) => rulesOf(word, []));

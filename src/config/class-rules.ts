import { isObject, type Json } from '../json.js';
import {
  automatic,
  checkLayerTypes,
  copied,
  type Draft,
  divisor,
  dropped,
  headDim,
  isMissing,
  kinds,
  kvHeads,
  layerTypes,
  missing,
  noRopeLayers,
  overridden,
  periodic,
  perLayer,
  type Rule,
  refused,
  ropeScaling,
  set,
  share,
  slidingWindow,
  whole,
} from './rules.js';

const FULL = 'full_attention';
const SLIDING = 'sliding_attention';
const LINEAR = 'linear_attention';
const INDEXED = 'indexed_attention';

function numberOr(value: Json | undefined, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}

/** The number of layers behind a layer. */
const fromEnd = (layer: number, fields: Draft): number => whole(fields, 'num_hidden_layers') - 1 - layer;
const fourTimesHidden = (fields: Draft): number => 4 * whole(fields, 'hidden_size');
/** A sixteenth of the hidden size, rounded up. */
const sixteenth = (fields: Draft): number => Math.ceil(whole(fields, 'hidden_size') / 16);

const product =
  (...names: readonly string[]) =>
  (fields: Draft): number =>
    names.reduce((factor, name) => factor * whole(fields, name), 1);

/** Every layer is of one kind. */
const all = (kind: string): Rule => kinds('layer_types', () => kind);
/** Some layers have full attention, all others are of another kind. */
const fullWhere = (isFull: (layer: number, fields: Draft) => boolean, other = SLIDING): Rule =>
  kinds('layer_types', (layer, fields) => (isFull(layer, fields) ? FULL : other));
const eachFourthFull = fullWhere((layer) => layer % 4 === 0);
const windowPattern = (period: number): Rule => periodic(period, FULL, SLIDING, 'sliding_window_pattern');
const linearButEach4th = periodic(4, FULL, LINEAR, 'full_attention_interval');

/** Runs a rule for `layer_types` if they are missing, and then drops the field that the rule read. */
const consumed =
  (field: string, rule: Rule): Rule =>
  (fields, type) => {
    if (isMissing(fields.layer_types)) {
      rule(fields, type);
      delete fields[field];
    }
  };

/**
 * `mlp_layer_types`: the first layers are dense, all others sparse.
 * @param field has another number of dense layers.
 */
const denseFirst = (dense: number, field?: string): Rule =>
  kinds('mlp_layer_types', (layer, fields) => {
    const first = field === undefined ? dense : numberOr(fields[field], dense);
    return layer < first ? 'dense' : 'sparse';
  });
const firstKDense = denseFirst(0, 'first_k_dense_replace');
/** Bloom's and Falcon's older name of the hidden size. */
const embedSize = [overridden('hidden_size', 'n_embed'), dropped('n_embed')];
/** An encoder's own name of its number of layers. */
const encoderLayers = overridden('num_hidden_layers', 'encoder_layers');
const omniRope = missing('rope_scaling', () => ({
  mrope_section: [16, 24, 24],
  rope_type: 'default',
  type: 'default',
}));

/** Changes the type of an old `rope_scaling`. */
const renamedScaling =
  (to: string, ...from: readonly Json[]): Rule =>
  (fields) => {
    const rope = fields.rope_scaling;
    if (isObject(rope) && from.some((type) => type === rope.type)) {
      fields.rope_scaling = { ...rope, type: to };
    }
  };
/** Multimodal rotation was once called a type of scaling (`Qwen2VLTextConfig`). */
const mrope = renamedScaling('default', 'mrope');

const mambaHeadDim = automatic('mamba_d_head', (fields) =>
  Math.floor(product('mamba_expand', 'hidden_size')(fields) / divisor(fields, 'mamba_n_heads')),
);

/** Multi-head latent attention rotates only a part of a head, and `head_dim` is the size of that part. */
const rotatingHead = set('head_dim', (fields) => whole(fields, 'qk_rope_head_dim'));
/** In multi-head latent attention a query consists of a part that does not rotate and a part that does. */
const latentQuery = set(
  'qk_head_dim',
  (fields) => whole(fields, 'qk_nope_head_dim') + whole(fields, 'qk_rope_head_dim'),
);
const latentHeads = [rotatingHead, latentQuery];
const latentMoe = [...latentHeads, firstKDense, all(INDEXED), overridden('n_routed_experts', 'num_experts')];

/** Takes `feed_forward_proj` apart. `gated-gelu` stands for GELU's approximation by tanh (`T5Config`). */
const denseActivation: Rule = (fields) => {
  const given = fields.feed_forward_proj;
  const parts = typeof given === 'string' ? given.split('-') : [];
  if (parts.length === 0 || parts.length > 2 || (parts.length === 2 && parts[0] !== 'gated')) {
    refused('feed_forward_proj');
  }
  fields.dense_act_fn = given === 'gated-gelu' ? 'gelu_new' : parts.at(-1);
  fields.is_gated_act = parts[0] === 'gated';
};

/** `full` layers choose the tokens to attend to, `shared` layers use the choice of another layer. */
const indexerTypes = missing('indexer_types', (fields) => {
  const pattern = fields.index_topk_pattern;
  if (typeof pattern === 'string' || Array.isArray(pattern)) {
    return Array.isArray(pattern) ? pattern : [...pattern].map((each) => (each === 'F' ? 'full' : 'shared'));
  }
  const every = Math.max(numberOr(fields.index_topk_freq, 1), 1);
  const offset = numberOr(fields.index_skip_topk_offset, 2);
  return perLayer(fields, (layer) => (Math.max(layer - offset + 1, 0) % every === 0 ? 'full' : 'shared'));
});

/** Fields that Kimi Linear keeps in `linear_attn_config`, which numbers layers from 1. */
const linearLayers: Rule = (fields, type) => {
  const linear = isObject(fields.linear_attn_config) ? fields.linear_attn_config : {};
  fields.linear_head_dim = linear.head_dim ?? fields.linear_head_dim;
  fields.linear_num_heads = linear.num_heads ?? fields.linear_num_heads;
  fields.linear_conv_kernel_dim = linear.short_conv_kernel_size ?? fields.linear_conv_kernel_dim;
  const full = linear.full_attn_layers;
  const isFull = (layer: number) => (Array.isArray(full) ? full.includes(layer + 1) : layer > 0 && layer % 4 === 0);
  fullWhere(isFull, LINEAR)(fields, type);
};

const ministralRope = missing('rope_parameters', (fields) => ({
  ...{ type: 'yarn', rope_theta: 1000000, factor: 16, original_max_position_embeddings: 16384 },
  ...{ max_position_embeddings: fields.max_position_embeddings, beta_fast: 32, beta_slow: 1 },
  ...{ mscale_all_dim: 1, mscale: 1, llama_4_scaling_beta: 0.1 },
}));

const initializerRanges: Rule = (fields) => {
  const size = whole(fields, 'hidden_size');
  const range = fields.initializer_range ?? (size === 0 ? 0.02 : 2 / Math.sqrt(5 * size));
  fields.initializer_range = range;
  fields.embedding_initializer_range = fields.embedding_initializer_range || 2 * numberOr(range, Number.NaN);
};

/** Attention in both directions has half of its window ahead and half behind. */
const gemmaWindow: Rule = (fields) => {
  if (fields.use_bidirectional_attention) {
    fields.sliding_window = Math.floor(whole(fields, 'sliding_window') / 2) + 1;
  }
  fields._sliding_window_pattern = fields.sliding_window_pattern ?? 6;
};

/**
 * Refuses a configuration that has neither a window nor `layer_types`. ref-quirk: transformers' `ExaoneMoeConfig` then
 * sets the period to 0 and divides by it, which raises an error.
 */
const windowed: Rule = (fields) => {
  if (isMissing(fields.sliding_window) && isMissing(fields.layer_types)) {
    refused('sliding_window');
  }
};

/** `MptAttentionConfig` has no number of heads of keys and values. */
const mptAttention = set('attn_config', (fields) => {
  const { kv_n_heads: _, ...attention } = isObject(fields.attn_config) ? fields.attn_config : {};
  const isKnown = attention.attn_type === 'multihead_attention' || attention.attn_type === 'multiquery_attention';
  return isKnown ? attention : refused('attn_type');
});

const cohereMoeLayers = fullWhere((layer, fields) => {
  const dense = numberOr(fields.first_k_dense_replace, 0);
  const [place, field] =
    layer < dense ? [layer, 'prefix_dense_sliding_window_pattern'] : [layer - dense, 'sliding_window_pattern'];
  return (place + 1) % divisor(fields, field) === 0;
});

/** An empty list of layers that don't rotate is none, and without a list it is each fourth (`Llama4TextConfig`). */
const llama4Rope: Rule = (fields) => {
  const given = fields.no_rope_layers;
  if (Array.isArray(given) && given.length === 0) {
    delete fields.no_rope_layers;
  }
  fields.no_rope_layer_interval ??= 4;
};

/**
 * Rows of `model_type`s and the rules of their classes, where these derive more than `DERIVED_RULES` do, or check their
 * fields. ref-quirk: each row follows the constructor in transformers' configuration_<model_type>.py.
 */
const CLASS_RULES: readonly (readonly [types: string, ...rules: readonly Rule[]])[] = [
  ['bamba granitemoehybrid', kvHeads, mambaHeadDim],
  ['bert', dropped('attn_implementation')],
  ['bloom', ...embedSize],
  ['cohere2', kvHeads, headDim, ropeScaling, windowPattern(4), checkLayerTypes],
  ['cohere2_moe', kvHeads, cohereMoeLayers, checkLayerTypes, firstKDense, dropped('first_k_dense_replace')],
  ['dbrx', set('num_key_value_heads', ({ attn_config: own }) => (isObject(own) ? own.kv_n_heads : undefined))],
  ['deepseek_v2', kvHeads, rotatingHead, ropeScaling],
  ['deepseek_v3', ...latentHeads, kvHeads, ropeScaling],
  ['dots1', kvHeads, layerTypes, checkLayerTypes],
  ['ernie4_5_moe', ropeScaling, missing('moe_layer_end_index', (fields) => fromEnd(0, fields))],
  ['exaone4', windowed, windowPattern(4), checkLayerTypes],
  ['falcon', missing('ffn_hidden_size', fourTimesHidden), ...embedSize, copied('num_kv_heads', 'num_attention_heads')],
  ['gemma2', periodic(2, FULL, SLIDING), checkLayerTypes],
  ['gemma3_text', gemmaWindow, ropeScaling, windowPattern(6), checkLayerTypes],
  [
    'gemma3n_text',
    set('intermediate_size', (fields) => {
      const size = fields.intermediate_size ?? 16384;
      return Array.isArray(size) ? size : perLayer(fields, () => size);
    }),
    ropeScaling,
    periodic(5, FULL, SLIDING),
    checkLayerTypes,
    kinds('activation_sparsity_pattern', (layer, fields) =>
      layer < 10 && whole(fields, 'num_hidden_layers') > 10 ? 0.95 : 0,
    ),
  ],
  ['gemma3n_vision timm_wrapper', dropped('id2label', 'label2id')],
  ['gpt_oss', kvHeads, headDim, periodic(2, FULL, SLIDING), checkLayerTypes, ropeScaling],
  ['hunyuan_v1_dense hunyuan_v1_moe', kvHeads, dropped('eod_token_id')],
  ['jamba', kvHeads, automatic('mamba_dt_rank', sixteenth)],
  [
    'lfm2',
    overridden('rope_theta', 'theta'),
    overridden('intermediate_size', 'block_ff_dim'),
    overridden('tie_word_embeddings', 'tie_embedding'),
    fullWhere((layer, { full_attn_idxs: full }) => !Array.isArray(full) || full.includes(layer), 'conv'),
    dropped('full_attn_idxs'),
  ],
  ['llama', kvHeads, headDim, ropeScaling],
  [
    'llama4_text',
    kvHeads,
    headDim,
    llama4Rope,
    noRopeLayers,
    missing('moe_layers', (fields) => {
      const step = whole(fields, 'interleave_moe_layer_step');
      return perLayer(fields, (layer) => layer).filter((layer) => (layer + 1) % step === 0);
    }),
    fullWhere((layer, { no_rope_layers: ropes }) => !(Array.isArray(ropes) && ropes[layer]), 'chunked_attention'),
    checkLayerTypes,
    dropped('no_rope_layer_interval'),
  ],
  [
    'mamba falcon_mamba',
    missing('intermediate_size', product('expand', 'hidden_size')),
    automatic('time_step_rank', sixteenth),
  ],
  ['minimax', kvHeads, periodic(2, LINEAR, FULL), checkLayerTypes],
  ['ministral', kvHeads, layerTypes],
  ['mistral', kvHeads],
  ['mpt', mptAttention],
  ['olmo3', kvHeads, periodic(4, FULL, SLIDING)],
  ['phi3', kvHeads, renamedScaling('longrope', 'su', 'yarn')],
  ['qwen2 qwen3', slidingWindow, kvHeads, ropeScaling, layerTypes, checkLayerTypes],
  ['qwen2_5_omni_talker', slidingWindow, kvHeads, layerTypes, checkLayerTypes],
  ['qwen2_5_omni_text', slidingWindow, kvHeads, ropeScaling, omniRope, layerTypes, checkLayerTypes],
  ['qwen2_vl qwen2_5_vl', mrope, ropeScaling],
  ['qwen2_vl_text qwen2_5_vl_text', slidingWindow, kvHeads, layerTypes, checkLayerTypes, mrope, ropeScaling],
  ['qwen2_moe qwen3_moe', slidingWindow, ropeScaling],
  ['qwen3_next', ropeScaling, linearButEach4th, checkLayerTypes],
  ['rwkv', copied('attention_hidden_size', 'hidden_size'), missing('intermediate_size', fourTimesHidden)],
  ['smollm3', kvHeads, noRopeLayers, layerTypes, checkLayerTypes, ropeScaling],
  ['t5 mt5 umt5', copied('num_decoder_layers', 'num_layers'), denseActivation],

  // Classes that transformers has since version 5, and encoders of both.
  ['afmoe', periodic(4, FULL, SLIDING, 'global_attn_every_n_layers'), kvHeads],
  ['deepseek_v32', ...latentMoe],
  ['exaone_moe', windowed, firstKDense, windowPattern(4)],
  ['glm4_moe_lite', denseFirst(1), latentQuery],
  ['glm_moe_dsa', indexerTypes, ...latentMoe],
  ['granite_speech_encoder granite_speech_plus_encoder', missing('dim_head', share('hidden_dim', 'num_heads'))],
  ['granite_swa granitemoe_swa', kvHeads, eachFourthFull],
  ['hy_v3', denseFirst(1)],
  [
    'hy_v4',
    overridden('num_key_value_heads', 'num_attention_heads'),
    ...latentHeads,
    denseFirst(1),
    all(INDEXED),
    kinds('indexer_types', (layer) => (layer === 0 || layer % 4 === 1 ? 'full' : 'shared')),
  ],
  ['kimi_linear', kvHeads, ...latentHeads, linearLayers, denseFirst(1, 'first_k_dense_replace')],
  [
    'laguna',
    all(FULL),
    denseFirst(1),
    kinds('num_attention_heads_per_layer', (_, fields) => whole(fields, 'num_attention_heads')),
  ],
  ['mellum', all(FULL), denseFirst(0)],
  ['mimo_v2_flash', fullWhere((layer) => layer === 0 || (layer + 1) % 6 === 0), denseFirst(1)],
  ['minicpm3', ...latentHeads, missing('v_head_dim', share('hidden_size', 'num_attention_heads')), kvHeads],
  ['ministral3', kvHeads, headDim, ministralRope],
  ['muse_glimmer_assistant', all(SLIDING)],
  ['muse_glimmer_text', fullWhere((layer, fields) => fromEnd(layer, fields) % 4 === 0)],
  [
    'muse_glimmer_vision',
    fullWhere((layer, fields) => (layer + 1) % 4 === 0 || fromEnd(layer, fields) === 0, 'window_attention'),
  ],
  [
    'qwen3_5_text qwen3_5_moe_text',
    missing('partial_rotary_factor', () => 0.25),
    consumed('full_attention_interval', linearButEach4th),
  ],
  ['qwen2_audio_encoder qwen2_5_omni_audio_encoder qwen3_omni_moe_audio_encoder', encoderLayers],
  ['qwen3_omni_moe_talker_code_predictor', layerTypes, checkLayerTypes],
  [
    'qwen4_exp_text',
    copied('ple_embed_dim', 'hidden_size'),
    consumed('full_attention_interval', periodic(4, INDEXED, LINEAR, 'full_attention_interval')),
  ],
  [
    'unlimited_ocr_text',
    fullWhere((_, { sliding_window: window }) => window === null, 'reference_sliding_attention'),
    denseFirst(1, 'first_k_dense_replace'),
    headDim,
    kvHeads,
  ],
  ['youtu', kvHeads, ...latentHeads, initializerRanges],
];

const everyTheta = (rotates: (layer: number, fields: Draft) => boolean): Rule =>
  kinds('layer_rope_theta', (layer, fields) => {
    const rope = fields.rope_parameters;
    return rotates(layer, fields) && isObject(rope) ? (rope.rope_theta ?? null) : 0;
  });

/** Rows of rules that version 5 runs after `rope_parameters` have their final form, for classes of version 4, too. */
const LATE_RULES: typeof CLASS_RULES = [
  ['granite_swa granitemoe_swa', everyTheta(() => true)],
  ['ministral mistral', headDim],
  ['muse_glimmer_text', everyTheta((layer, fields) => fromEnd(layer, fields) % 4 !== 0)],
];

const byType = (rows: typeof CLASS_RULES): ReadonlyMap<string, readonly Rule[]> =>
  new Map(rows.flatMap(([types, ...rules]) => types.split(' ').map((type) => [type, rules] as const)));

const [CLASSES, LATE] = [byType(CLASS_RULES), byType(LATE_RULES)];

/** The rules of fields that all classes derive in the same way. */
const DERIVED_RULES: ReadonlyMap<string, Rule> = new Map([
  ['num_key_value_heads', kvHeads],
  ['head_dim', headDim],
]);

/** Classes that check `rope_scaling` and otherwise derive only the fields of `DERIVED_RULES`. */
const ROPE_CHECKED = (
  'apertus arcee cohere ernie4_5 glm4_moe glm4v_moe_text glm4v_text gpt_neox granite granitemoe granitemoeshared ' +
  'nemotron olmoe phi qwen3_omni_moe_text qwen3_vl_moe_text qwen3_vl_text seed_oss stablelm starcoder2'
).split(' ');

/** The rules of a `model_type`. @param derived fields that its record lists as derived. */
export function rulesOf(name: string, derived: readonly string[]): readonly Rule[] {
  const general = derived.flatMap((field) => DERIVED_RULES.get(field) ?? []);
  return CLASSES.get(name) ?? (ROPE_CHECKED.includes(name) ? [...general, ropeScaling] : general);
}

/** The rules that version 5 runs at the end. */
export const lateRules = (name: string): readonly Rule[] => LATE.get(name) ?? [];

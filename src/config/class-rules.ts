import { isObject, type Json } from '../json.js';
import { equalShare } from './derive.js';
import {
  checkLayerTypes,
  copied,
  type Draft,
  divisor,
  dropped,
  fillHeadDim,
  fillKvHeads,
  isMissing,
  kinds,
  layerTypes,
  missing,
  noRopeLayers,
  overridden,
  periodic,
  perLayer,
  Refused,
  type Rule,
  ropeScaling,
  slidingWindow,
  whole,
} from './rules.js';

/** The rules of fields that all classes derive in the same way. */
const DERIVED_RULES: Readonly<Record<string, Rule>> = { num_key_value_heads: fillKvHeads, head_dim: fillHeadDim };

const [FULL, SLIDING, LINEAR, INDEXED] = [
  'full_attention',
  'sliding_attention',
  'linear_attention',
  'indexed_attention',
];

const QWEN: readonly Rule[] = [slidingWindow, fillKvHeads, ropeScaling, layerTypes, checkLayerTypes];

/** An old config.json calls multimodal rotation a type of scaling (`Qwen2VLTextConfig`). */
const mrope: Rule = (fields) => {
  const rope = fields.rope_scaling;
  if (isObject(rope) && rope.type === 'mrope') {
    fields.rope_scaling = { ...rope, type: 'default' };
  }
};
const QWEN_VL: readonly Rule[] = [slidingWindow, fillKvHeads, layerTypes, checkLayerTypes, mrope, ropeScaling];
const QWEN_MOE: readonly Rule[] = [slidingWindow, ropeScaling];

const mambaHeadDim: Rule = (fields) => {
  if (fields.mamba_d_head === undefined || fields.mamba_d_head === 'auto') {
    fields.mamba_d_head = equalShare(
      whole(fields, 'mamba_expand') * whole(fields, 'hidden_size'),
      divisor(fields, 'mamba_n_heads'),
    );
  }
};

/** Derives a field that is missing or `auto`: a sixteenth of the hidden size, rounded up. */
const sixteenth =
  (name: string): Rule =>
  (fields) => {
    if (fields[name] === undefined || fields[name] === 'auto') {
      fields[name] = Math.ceil(whole(fields, 'hidden_size') / 16);
    }
  };

const MAMBA: readonly Rule[] = [
  missing('intermediate_size', (fields) => whole(fields, 'expand') * whole(fields, 'hidden_size')),
  sixteenth('time_step_rank'),
];

/** Takes `feed_forward_proj` apart. `gated-gelu` stands for GELU's approximation by tanh (`T5Config`). */
const denseActivation: Rule = (fields) => {
  const given = fields.feed_forward_proj;
  const parts = typeof given === 'string' ? given.split('-') : [];
  if (parts.length === 0 || parts.length > 2 || (parts.length === 2 && parts[0] !== 'gated')) {
    throw new Refused('feed_forward_proj');
  }
  fields.dense_act_fn = given === 'gated-gelu' ? 'gelu_new' : parts.at(-1);
  fields.is_gated_act = parts[0] === 'gated';
};

const T5: readonly Rule[] = [copied('num_decoder_layers', 'num_layers'), denseActivation];

/** Multi-head latent attention rotates only a part of a head, and `head_dim` is the size of that part. */
const rotatingHead: Rule = (fields) => {
  fields.head_dim = whole(fields, 'qk_rope_head_dim');
};
/** In multi-head latent attention a query consists of a part that does not rotate and a part that does. */
const latentQuery: Rule = (fields) => {
  fields.qk_head_dim = whole(fields, 'qk_nope_head_dim') + whole(fields, 'qk_rope_head_dim');
};
const latentHeads: Rule = (fields, type) => {
  rotatingHead(fields, type);
  latentQuery(fields, type);
};

/**
 * `mlp_layer_types`: the first layers are dense, all others sparse.
 * @param field has another number of dense layers.
 */
const denseFirst = (dense: number, field?: string): Rule =>
  kinds('mlp_layer_types', (layer, fields) => {
    const given = field === undefined ? undefined : fields[field];
    return layer < (typeof given === 'number' ? given : dense) ? 'dense' : 'sparse';
  });

const LATENT_MOE: readonly Rule[] = [
  latentHeads,
  denseFirst(0, 'first_k_dense_replace'),
  kinds('layer_types', () => INDEXED),
  overridden('n_routed_experts', 'num_experts'),
];

/**
 * `indexer_types` of GLM: `full` layers choose the tokens to attend to, `shared` layers use the choice of another
 * layer.
 */
const indexerTypes: Rule = missing('indexer_types', (fields) => {
  const pattern = fields.index_topk_pattern;
  if (typeof pattern === 'string') {
    return [...pattern].map((each) => (each === 'F' ? 'full' : 'shared'));
  }
  if (Array.isArray(pattern)) {
    return pattern;
  }
  const every = Math.max(numberOr(fields.index_topk_freq, 1), 1);
  const offset = numberOr(fields.index_skip_topk_offset, 2);
  return perLayer(fields, (layer) => (Math.max(layer - offset + 1, 0) % every === 0 ? 'full' : 'shared'));
});

const LINEAR_OF_FOUR = periodic(4, FULL, LINEAR, 'full_attention_interval');
/** Runs a rule for `layer_types` if they are missing, and then drops the field that the rule read. */
const consumed =
  (field: string, rule: Rule): Rule =>
  (fields, type) => {
    if (isMissing(fields.layer_types)) {
      rule(fields, type);
      delete fields[field];
    }
  };

const partialRotary: Rule = (fields) => {
  fields.partial_rotary_factor ??= 0.25;
};

/** Fields that Kimi Linear keeps in `linear_attn_config`, which numbers layers from 1. */
const linearLayers: Rule = (fields, type) => {
  const linear = isObject(fields.linear_attn_config) ? fields.linear_attn_config : {};
  fields.linear_head_dim = linear.head_dim ?? fields.linear_head_dim;
  fields.linear_num_heads = linear.num_heads ?? fields.linear_num_heads;
  fields.linear_conv_kernel_dim = linear.short_conv_kernel_size ?? fields.linear_conv_kernel_dim;
  const full = linear.full_attn_layers;
  kinds('layer_types', (layer) => {
    const isFull = Array.isArray(full) ? full.includes(layer + 1) : layer > 0 && layer % 4 === 0;
    return isFull ? FULL : LINEAR;
  })(fields, type);
};

const ministralRope: Rule = missing('rope_parameters', (fields) => ({
  type: 'yarn',
  rope_theta: 1000000,
  factor: 16,
  original_max_position_embeddings: 16384,
  max_position_embeddings: fields.max_position_embeddings,
  beta_fast: 32,
  beta_slow: 1,
  mscale_all_dim: 1,
  mscale: 1,
  llama_4_scaling_beta: 0.1,
}));

function numberOr(value: Json | undefined, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}

const initializerRanges: Rule = (fields) => {
  const size = whole(fields, 'hidden_size');
  const range = fields.initializer_range ?? (size === 0 ? 0.02 : 2 / Math.sqrt(5 * size));
  fields.initializer_range = range;
  fields.embedding_initializer_range = fields.embedding_initializer_range || 2 * numberOr(range, Number.NaN);
};

const speechHeads: Rule = missing('dim_head', (fields) =>
  equalShare(whole(fields, 'hidden_dim'), divisor(fields, 'num_heads')),
);

/** The number of layers behind a layer. */
function fromEnd(layer: number, fields: Draft): number {
  return whole(fields, 'num_hidden_layers') - 1 - layer;
}

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
    throw new Refused('sliding_window');
  }
};

/** Phi's older names for LongRoPE (`Phi3Config`). */
const phiRope: Rule = (fields) => {
  const rope = fields.rope_scaling;
  if (isObject(rope) && (rope.type === 'su' || rope.type === 'yarn')) {
    fields.rope_scaling = { ...rope, type: 'longrope' };
  }
};

const omniRope: Rule = (fields) => {
  ropeScaling(fields);
  fields.rope_scaling ??= { mrope_section: [16, 24, 24], rope_type: 'default', type: 'default' };
};

const MPT_ATTENTION = ['multihead_attention', 'multiquery_attention'];

/** `MptAttentionConfig` has no number of heads of keys and values. */
const mptAttention: Rule = (fields) => {
  const { kv_n_heads: _, ...attention } = isObject(fields.attn_config) ? fields.attn_config : {};
  if (!MPT_ATTENTION.some((type) => type === attention.attn_type)) {
    throw new Refused('attn_type');
  }
  fields.attn_config = attention;
};

const EACH_FOURTH_FULL = kinds('layer_types', (layer) => (layer % 4 === 0 ? FULL : SLIDING));

/**
 * `model_type` → the rules of a class that derives more than `DERIVED_RULES` does, or checks its fields. ref-quirk:
 * each list follows the constructor of the class in transformers' configuration_<model_type>.py.
 */
const CLASS_RULES: Readonly<Record<string, readonly Rule[]>> = {
  bamba: [fillKvHeads, mambaHeadDim],
  bert: [dropped('attn_implementation')],
  bloom: [overridden('hidden_size', 'n_embed'), dropped('n_embed')],
  cohere2: [
    fillKvHeads,
    fillHeadDim,
    ropeScaling,
    periodic(4, FULL, SLIDING, 'sliding_window_pattern'),
    checkLayerTypes,
  ],
  cohere2_moe: [
    fillKvHeads,
    kinds('layer_types', (layer, fields) => {
      const dense = typeof fields.first_k_dense_replace === 'number' ? fields.first_k_dense_replace : 0;
      const [place, field] =
        layer < dense ? [layer, 'prefix_dense_sliding_window_pattern'] : [layer - dense, 'sliding_window_pattern'];
      return (place + 1) % divisor(fields, field) === 0 ? FULL : SLIDING;
    }),
    checkLayerTypes,
    denseFirst(0, 'first_k_dense_replace'),
    dropped('first_k_dense_replace'),
  ],
  dbrx: [
    (fields) => {
      fields.num_key_value_heads = isObject(fields.attn_config) ? fields.attn_config.kv_n_heads : undefined;
    },
  ],
  deepseek_v2: [fillKvHeads, rotatingHead, ropeScaling],
  deepseek_v3: [latentHeads, fillKvHeads, ropeScaling],
  dots1: [fillKvHeads, layerTypes, checkLayerTypes],
  ernie4_5_moe: [ropeScaling, missing('moe_layer_end_index', (fields) => whole(fields, 'num_hidden_layers') - 1)],
  exaone4: [windowed, periodic(4, FULL, SLIDING, 'sliding_window_pattern'), checkLayerTypes],
  falcon: [
    missing('ffn_hidden_size', (fields) => 4 * whole(fields, 'hidden_size')),
    overridden('hidden_size', 'n_embed'),
    copied('num_kv_heads', 'num_attention_heads'),
    dropped('n_embed'),
  ],
  falcon_mamba: MAMBA,
  gemma2: [periodic(2, FULL, SLIDING), checkLayerTypes],
  gemma3_text: [gemmaWindow, ropeScaling, periodic(6, FULL, SLIDING, 'sliding_window_pattern'), checkLayerTypes],
  gemma3n_text: [
    (fields) => {
      const size = fields.intermediate_size ?? 16384;
      fields.intermediate_size = Array.isArray(size) ? size : perLayer(fields, () => size);
    },
    ropeScaling,
    periodic(5, FULL, SLIDING),
    checkLayerTypes,
    missing('activation_sparsity_pattern', (fields) =>
      perLayer(fields, (layer) => (layer < 10 && whole(fields, 'num_hidden_layers') > 10 ? 0.95 : 0)),
    ),
  ],
  gemma3n_vision: [dropped('id2label', 'label2id')],
  gpt_oss: [fillKvHeads, fillHeadDim, periodic(2, FULL, SLIDING), checkLayerTypes, ropeScaling],
  granitemoehybrid: [fillKvHeads, mambaHeadDim],
  hunyuan_v1_dense: [fillKvHeads, dropped('eod_token_id')],
  hunyuan_v1_moe: [fillKvHeads, dropped('eod_token_id')],
  jamba: [fillKvHeads, sixteenth('mamba_dt_rank')],
  lfm2: [
    overridden('rope_theta', 'theta'),
    overridden('intermediate_size', 'block_ff_dim'),
    overridden('tie_word_embeddings', 'tie_embedding'),
    kinds('layer_types', (layer, { full_attn_idxs: full }) =>
      !Array.isArray(full) || full.includes(layer) ? FULL : 'conv',
    ),
    dropped('full_attn_idxs'),
  ],
  llama: [fillKvHeads, fillHeadDim, ropeScaling],
  llama4_text: [
    fillKvHeads,
    fillHeadDim,
    (fields) => {
      const given = fields.no_rope_layers;
      if (Array.isArray(given) && given.length === 0) {
        delete fields.no_rope_layers;
      }
      fields.no_rope_layer_interval ??= 4;
    },
    noRopeLayers,
    missing('moe_layers', (fields) => {
      const step = whole(fields, 'interleave_moe_layer_step');
      return perLayer(fields, (layer) => layer).filter((layer) => (layer + 1) % step === 0);
    }),
    kinds('layer_types', (layer, { no_rope_layers: ropes }) =>
      Array.isArray(ropes) && ropes[layer] ? 'chunked_attention' : FULL,
    ),
    checkLayerTypes,
    dropped('no_rope_layer_interval'),
  ],
  mamba: MAMBA,
  minimax: [fillKvHeads, periodic(2, LINEAR, FULL), checkLayerTypes],
  ministral: [fillKvHeads, layerTypes],
  mistral: [fillKvHeads],
  mpt: [mptAttention],
  mt5: T5,
  olmo3: [fillKvHeads, periodic(4, FULL, SLIDING)],
  phi3: [fillKvHeads, phiRope],
  qwen2: QWEN,
  qwen2_5_omni_audio_encoder: [overridden('num_hidden_layers', 'encoder_layers')],
  qwen2_5_omni_talker: [slidingWindow, fillKvHeads, layerTypes, checkLayerTypes],
  qwen2_5_omni_text: [slidingWindow, fillKvHeads, omniRope, layerTypes, checkLayerTypes],
  qwen2_5_vl: [mrope, ropeScaling],
  qwen2_5_vl_text: QWEN_VL,
  qwen2_audio_encoder: [overridden('num_hidden_layers', 'encoder_layers')],
  qwen2_moe: QWEN_MOE,
  qwen2_vl: [mrope, ropeScaling],
  qwen2_vl_text: QWEN_VL,
  qwen3: QWEN,
  qwen3_moe: QWEN_MOE,
  qwen3_next: [ropeScaling, LINEAR_OF_FOUR, checkLayerTypes],
  rwkv: [
    copied('attention_hidden_size', 'hidden_size'),
    missing('intermediate_size', (fields) => 4 * whole(fields, 'hidden_size')),
  ],
  smollm3: [fillKvHeads, noRopeLayers, layerTypes, checkLayerTypes, ropeScaling],
  t5: T5,
  timm_wrapper: [dropped('id2label', 'label2id')],
  umt5: T5,

  // Classes that transformers has since version 5.
  afmoe: [periodic(4, FULL, SLIDING, 'global_attn_every_n_layers'), fillKvHeads],
  deepseek_v32: LATENT_MOE,
  exaone_moe: [windowed, denseFirst(0, 'first_k_dense_replace'), periodic(4, FULL, SLIDING, 'sliding_window_pattern')],
  glm4_moe_lite: [denseFirst(1), latentQuery],
  glm_moe_dsa: [indexerTypes, ...LATENT_MOE],
  granite_speech_encoder: [speechHeads],
  granite_speech_plus_encoder: [speechHeads],
  granite_swa: [fillKvHeads, EACH_FOURTH_FULL],
  granitemoe_swa: [fillKvHeads, EACH_FOURTH_FULL],
  hy_v3: [denseFirst(1)],
  hy_v4: [
    overridden('num_key_value_heads', 'num_attention_heads'),
    latentHeads,
    denseFirst(1),
    kinds('layer_types', () => INDEXED),
    kinds('indexer_types', (layer) => (layer === 0 || layer % 4 === 1 ? 'full' : 'shared')),
  ],
  kimi_linear: [fillKvHeads, latentHeads, linearLayers, denseFirst(1, 'first_k_dense_replace')],
  laguna: [
    kinds('layer_types', () => FULL),
    denseFirst(1),
    kinds('num_attention_heads_per_layer', (_, fields) => whole(fields, 'num_attention_heads')),
  ],
  mellum: [kinds('layer_types', () => FULL), denseFirst(0)],
  mimo_v2_flash: [
    kinds('layer_types', (layer) => (layer === 0 || (layer + 1) % 6 === 0 ? FULL : SLIDING)),
    denseFirst(1),
  ],
  minicpm3: [
    latentHeads,
    missing('v_head_dim', (fields) => equalShare(whole(fields, 'hidden_size'), divisor(fields, 'num_attention_heads'))),
    fillKvHeads,
  ],
  ministral3: [fillKvHeads, fillHeadDim, ministralRope],
  muse_glimmer_assistant: [kinds('layer_types', () => SLIDING)],
  muse_glimmer_text: [kinds('layer_types', (layer, fields) => (fromEnd(layer, fields) % 4 === 0 ? FULL : SLIDING))],
  muse_glimmer_vision: [
    kinds('layer_types', (layer, fields) =>
      (layer + 1) % 4 === 0 || fromEnd(layer, fields) === 0 ? FULL : 'window_attention',
    ),
  ],
  qwen3_5_moe_text: [partialRotary, consumed('full_attention_interval', LINEAR_OF_FOUR)],
  qwen3_5_text: [partialRotary, consumed('full_attention_interval', LINEAR_OF_FOUR)],
  qwen3_omni_moe_audio_encoder: [overridden('num_hidden_layers', 'encoder_layers')],
  qwen3_omni_moe_talker_code_predictor: [layerTypes, checkLayerTypes],
  qwen4_exp_text: [
    copied('ple_embed_dim', 'hidden_size'),
    consumed('full_attention_interval', periodic(4, INDEXED, LINEAR, 'full_attention_interval')),
  ],
  unlimited_ocr_text: [
    kinds('layer_types', (_, { sliding_window: window }) => (window === null ? FULL : 'reference_sliding_attention')),
    denseFirst(1, 'first_k_dense_replace'),
    fillHeadDim,
    fillKvHeads,
  ],
  youtu: [fillKvHeads, latentHeads, initializerRanges],
};

const everyTheta = (rotates: (layer: number, fields: Draft) => boolean): Rule =>
  kinds('layer_rope_theta', (layer, fields) => {
    const rope = fields.rope_parameters;
    return rotates(layer, fields) && isObject(rope) ? (rope.rope_theta ?? null) : 0;
  });

/**
 * Rules that version 5 runs after `rope_parameters` have their final form. It runs them for classes of version 4, too.
 */
export const LATE_RULES: Readonly<Record<string, readonly Rule[]>> = {
  granite_swa: [everyTheta(() => true)],
  granitemoe_swa: [everyTheta(() => true)],
  ministral: [fillHeadDim],
  mistral: [fillHeadDim],
  muse_glimmer_text: [everyTheta((layer, fields) => fromEnd(layer, fields) % 4 !== 0)],
};

/** Classes that check `rope_scaling` and otherwise derive only the fields of `DERIVED_RULES`. */
const ROPE_CHECKED: ReadonlySet<string> = new Set([
  'apertus',
  'arcee',
  'cohere',
  'ernie4_5',
  'glm4_moe',
  'glm4v_moe_text',
  'glm4v_text',
  'gpt_neox',
  'granite',
  'granitemoe',
  'granitemoeshared',
  'nemotron',
  'olmoe',
  'phi',
  'qwen3_omni_moe_text',
  'qwen3_vl_moe_text',
  'qwen3_vl_text',
  'seed_oss',
  'stablelm',
  'starcoder2',
]);

/** The rules of a `model_type`. @param derived fields that its record lists as derived. */
export function rulesOf(name: string, derived: readonly string[]): readonly Rule[] {
  const general = derived.flatMap((field) => DERIVED_RULES[field] ?? []);
  return CLASS_RULES[name] ?? (ROPE_CHECKED.has(name) ? [...general, ropeScaling] : general);
}

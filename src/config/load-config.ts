import { isObject, type Json, type JsonObject } from '../json.js';
import { object, refuse } from '../language/fields.js';
import { EMPTY } from '../transformers/model-types.js';
import { type Draft, readRules, type Version } from '../transformers/rules.js';
import { toDict } from '../transformers/to-dict.js';
import type { Config } from './config.js';

/**
 * Works out a model's configuration. ref-quirk: `load_hparams`, `get_model_architecture` and the constructors of
 * `TextModel` and `MmprojModel` in conversion/base.py.
 * @param raw config.json, parsed.
 * @param version the transformers that loads the repository: 5 where 4.57.6 does not know the class of its tokenizer.
 * @throws ConfigFieldError where config.json names no architecture, or a part of it is not an object
 */
export function loadConfig(raw: JsonObject, version: Version = 4): Config {
  const known = toDict(raw, lacksDerived(raw) ? 5 : version) ?? raw;
  const architecture = architectureOf(known, textConfig(known));
  const root = RAW_CLASSES.has(architecture) ? raw : known;
  const text = textConfig(root);
  const layers = objectOrNone(root.transformer_layer_config);
  const fields = { ...CLASS_DEFAULTS.get(architecture), ...root, ...layers, ...text };
  const hparams = { ...fields, ...layersOf(architecture, { ...root, ...text }) };
  return {
    architecture,
    origin: firstClass(root.architectures) ?? architecture,
    hparams,
    root,
    text,
    vision: objectOrNone(root.vision_config),
    audio: objectOrNone(root.whisper_config === undefined ? root.audio_config : root.whisper_config),
    ...ropeParameters(hparams),
  };
}

/**
 * Works out the configuration of a model in Mistral's own format, whose classes have no names but the converter's.
 * @param raw params.json, parsed.
 * @throws ConfigFieldError
 */
export function loadMistralConfig(raw: JsonObject): Config {
  const isMoe = isObject(raw.moe);
  const architecture = isMoe ? 'MistralMoeModel' : 'MistralModel';
  const hparams: Draft = { ...raw };
  for (const rule of isMoe ? readRules(MISTRAL_MOE, () => []) : []) {
    rule(hparams, EMPTY);
  }
  const vision = objectOrNone(raw.vision_encoder);
  return { architecture, origin: architecture, hparams, root: raw, vision, ...ropeParameters(raw) };
}

/** Fields of transformers from those of params.json. ref-quirk: `MistralMoeModel.__init__` in conversion/mistral.py. */
const MISTRAL_MOE = `
  hidden_size = dim?; intermediate_size = hidden_dim?; rms_norm_eps = norm_eps?; num_hidden_layers = n_layers?
  num_attention_heads = n_heads?; num_key_value_heads = n_kv_heads?; max_position_embeddings ?= 128000
  tie_word_embeddings = tied_embeddings?false; norm_topk_prob = true; scoring_func = "softmax"
  first_k_dense_replace = moe/first_k_dense_replace?; num_experts_per_tok = moe/num_experts_per_tok?
  n_routed_experts = moe/num_experts?; n_shared_experts = moe/num_shared_experts?
  routed_scaling_factor = moe/routed_scale?; moe_intermediate_size = moe/expert_hidden_dim?
  n_group = moe/num_expert_groups?; topk_group = moe/num_expert_groups_per_tok?`;

/**
 * The classes whose converters read config.json as it is, without transformers' defaults. ref-quirk: the constructors
 * in conversion/mamba.py, and in the modules whose classes derive from it (Falcon-H1, Bamba, Granite hybrid).
 * Nemotron-H also derives from Granite hybrid, but uses transformers.
 */
const RAW_CLASSES: ReadonlySet<string> = new Set([
  ...['BambaForCausalLM', 'FalconH1ForCausalLM', 'FalconMambaForCausalLM', 'GraniteMoeHybridForCausalLM'],
  ...['Mamba2ForCausalLM', 'MambaForCausalLM', 'MambaLMHeadModel'],
]);

/** Fields that the checkpoints of a class leave out. */
const CLASS_DEFAULTS: ReadonlyMap<string, JsonObject> = new Map([['VLlama3ForCausalLM', { num_attention_heads: 32 }]]);

/** A type that only version 5 knows, which derives a field that the type's converter needs. */
const lacksDerived = (raw: JsonObject): boolean => raw.model_type === 'cohere2_moe' && raw.layer_types === undefined;

/**
 * The layers of a Nemotron-H, whose list of them counts them. ref-quirk: `NemotronHModel.__init__` and
 * `NemotronHPuzzleModel.__init__` in conversion/nemotron.py.
 */
function layersOf(architecture: string, { block_configs: blocks, layers_block_type: types }: JsonObject): JsonObject {
  if (architecture === 'NemotronHPuzzleForCausalLM' && Array.isArray(blocks)) {
    const own = blocks.map((block) => (isObject(block) ? (block.block_type ?? null) : null));
    return { num_hidden_layers: own.length, layers_block_type: own };
  }
  return architecture === 'NemotronHForCausalLM' && Array.isArray(types) ? { num_hidden_layers: types.length } : {};
}

/**
 * The language model's part. Families keep it under different names. ref-quirk: `load_hparams` in conversion/base.py
 * copies them one after the other, so that the last one wins; here it is asked first.
 */
function textConfig(fields: JsonObject): JsonObject | undefined {
  const part = (name: string) => object.optional({ hparams: fields }, name);
  const thinker = part('thinker_config');
  const nested = () => thinker && object.optional({ hparams: thinker, path: 'thinker_config' }, 'text_config');
  return (
    part('lfm') ?? part('language_config') ?? nested() ?? part('lm_config') ?? part('llm_config') ?? part('text_config')
  );
}

/**
 * Multimodal classes that are converted under their own name, whatever class their `text_config` names. ref-quirk:
 * `get_model_architecture` in conversion/base.py.
 */
const ROOT_CLASSES: ReadonlySet<string> = new Set([
  ...['Exaone4_5_ForConditionalGeneration', 'KimiK3ForConditionalGeneration', 'Sarashina2VisionForCausalLM'],
  ...['Step3p7ForConditionalGeneration', 'StepVLForConditionalGeneration'],
]);

function architectureOf(fields: JsonObject, text: JsonObject | undefined): string {
  const root = firstClass(fields.architectures) ?? mambaClass(fields);
  const nested = firstClass(text?.architectures);
  return (
    (root !== undefined && ROOT_CLASSES.has(root) ? root : (nested ?? root)) ??
    refuse(
      'config.json does not say which class the model is of: its `architectures` is missing or empty.',
      'Add the class, for example "architectures": ["LlamaForCausalLM"].',
    )
  );
}

/** The class of a Mamba from before transformers had one. ref-quirk: `get_model_architecture` in conversion/base.py. */
function mambaClass({ ssm_cfg: mamba }: JsonObject): string | undefined {
  return isObject(mamba) ? `${typeof mamba.layer === 'string' ? mamba.layer : 'Mamba'}ForCausalLM` : undefined;
}

function firstClass(architectures: Json | undefined): string | undefined {
  const first: Json | undefined = Array.isArray(architectures) ? architectures[0] : undefined;
  return typeof first === 'string' ? first : undefined;
}

const ROPE_THETA = ['global_rope_theta', 'rope_global_theta', 'rope_theta_global', 'rope_theta', 'rotary_emb_base'];
/** The same for layers with a window. */
const LOCAL_ROPE_THETA = [
  ...['local_rope_theta', 'rope_local_theta', 'rope_theta_local'],
  ...['swa_rope_theta', 'rope_local_base_freq'],
];
const ROTARY_FACTOR = ['partial_rotary_factor', 'rope_pct', 'rope_percent'];

/**
 * The rotary fields: `rope_parameters` or `rope_scaling`, completed by fields of the root unless they differ by layer
 * type. ref-quirk: `TextModel.__init__` in conversion/base.py.
 */
function ropeParameters(hparams: JsonObject): Pick<Config, 'rope' | 'ropePlace'> {
  const name = hparams.rope_parameters === undefined ? 'rope_scaling' : 'rope_parameters';
  const given = object.optional({ hparams }, name) ?? {};
  if (given.full_attention !== undefined || given.sliding_attention !== undefined) {
    return { rope: given, ropePlace: { path: name, places: {} } };
  }
  /** The first of some names that config.json has, and its value, which may be null. */
  const first = (names: readonly string[]) =>
    names.map((place) => ({ place, value: hparams[place] })).find(({ value }) => value !== undefined);
  const theta = first(ROPE_THETA);
  // Step-3.5 has a list: for layers with full attention, then for those with a window.
  const [fullTheta, windowTheta] = [theta?.value ?? null].flat();
  const local = windowTheta ?? first(LOCAL_ROPE_THETA)?.value ?? null;
  const root = {
    rope_theta: { ...theta, value: fullTheta },
    rope_type: { place: `${name}.type`, value: given.type },
    partial_rotary_factor: first(ROTARY_FACTOR),
    original_max_position_embeddings: first(['original_max_position_embeddings']),
  };
  const mirrored = Object.entries(root).filter(([, found]) => (found?.value ?? null) !== null);
  const elsewhere = mirrored.filter(([key]) => given[key] === undefined || key === 'rope_type');
  return {
    rope: {
      ...Object.fromEntries(mirrored.map(([key, found]) => [key, found?.value])),
      ...given,
      ...(local === null ? {} : { sliding_attention: { rope_theta: local } }),
    },
    ropePlace: { path: name, places: Object.fromEntries(elsewhere.map(([key, found]) => [key, found?.place ?? key])) },
  };
}

/** A part that a text model does not need. It does not matter if it is no object. */
function objectOrNone(value: Json | undefined): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

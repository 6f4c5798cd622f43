import type { JsonObject } from '../json.js';
import { DEFAULTS } from './defaults.js';
import {
  checkLayerTypes,
  headDim,
  kvHeads,
  layerTypes,
  noRopeLayers,
  type Rule,
  ropeScaling,
  slidingWindow,
} from './rules.js';

/** A configuration class of transformers 4.57.6: its `attribute_map` and what its constructor works out, in its order. */
export interface ModelType {
  readonly defaults: JsonObject;
  readonly aliases?: Readonly<Record<string, string>>;
  readonly rules: readonly Rule[];
}

const QWEN: readonly Rule[] = [slidingWindow, kvHeads, ropeScaling, layerTypes, checkLayerTypes];

const CLASSES: Record<keyof typeof DEFAULTS, Omit<ModelType, 'defaults'>> = {
  idefics3: { rules: [] },
  llama: { rules: [kvHeads, headDim, ropeScaling] },
  ministral: { rules: [kvHeads, layerTypes] },
  mistral: { rules: [kvHeads] },
  mistral3: { rules: [], aliases: { image_token_id: 'image_token_index' } },
  qwen2: { rules: QWEN },
  qwen2_audio: { rules: [], aliases: { audio_token_id: 'audio_token_index' } },
  qwen3: { rules: QWEN },
  smollm3: { rules: [kvHeads, noRopeLayers, layerTypes, checkLayerTypes, ropeScaling] },
  smolvlm: { rules: [] },
};

/** `model_type` → its class; a type that is not here is read from config.json as it stands. */
export const MODEL_TYPES: ReadonlyMap<string, ModelType> = new Map(
  Object.entries(CLASSES).map(([name, type]) => [name, { ...type, defaults: DEFAULTS[name as keyof typeof DEFAULTS] }]),
);

import type { Json, JsonObject } from '../json.js';

/** The blocks for multi-token prediction that are converted: with the model, without it, or none of them. */
export interface ConvertedMtp {
  readonly blocks: number;
  readonly choice: 'with' | 'only' | 'without';
}

/**
 * A model's configuration as the reference sees it: what transformers' `AutoConfig.from_pretrained(dir).to_dict()` gives
 * where transformers knows the `model_type`, config.json itself elsewhere, with `text_config` merged into the root.
 */
export interface Config {
  /** The class that is converted: `architectures[0]` of the nested text model, or else of the root. */
  readonly architecture: string;
  /** `architectures[0]` of the root: for a nested text model, the class around it. */
  readonly origin: string;
  /**
   * All fields. A field of the text model hides the root's. Architectures read fields through the functions of
   * `fields.ts`.
   */
  readonly hparams: JsonObject;
  /** The whole configuration with its nested parts: what the reference calls `global_config`. */
  readonly root: JsonObject;
  /** The fields of the nested text model, under whatever name the family keeps it. */
  readonly text?: JsonObject | undefined;
  /** `vision_config`: a projector reads it. */
  readonly vision?: JsonObject | undefined;
  /** `whisper_config`, or else `audio_config`: a projector reads it. */
  readonly audio?: JsonObject | undefined;
  /** What is converted of the blocks for multi-token prediction, if the family has them. */
  readonly mtp?: ConvertedMtp | undefined;
  /** `rope_parameters`, or `rope_scaling` under that name, with the root's rope fields mirrored into it. */
  readonly rope: Readonly<Record<string, Json | undefined>>;
  /**
   * The names that messages use for fields of `rope`: `path` is the part of config.json, and `places` has those fields
   * that are elsewhere.
   */
  readonly ropePlace: { readonly path: string; readonly places: Readonly<Record<string, string>> };
}

import type { Json, JsonObject } from '../json.js';

/**
 * A model's configuration as the reference sees it: what transformers' `AutoConfig.from_pretrained(dir).to_dict()` gives
 * where transformers knows the `model_type`, config.json itself elsewhere, with `text_config` merged into the root.
 */
export interface Config {
  /** `architectures[0]`, after the reference's own rules for nested configurations. */
  readonly architecture: string;
  /** `architectures[0]` of config.json's root: the class around a nested text model, else the same. */
  readonly origin: string;
  /** Every field, the text model's before the root's; architectures read these through the functions of `fields.ts`. */
  readonly hparams: JsonObject;
  /** The whole configuration, its parts nested in it: what a projector's converter calls `global_config`. */
  readonly root: JsonObject;
  /** The nested text model's fields, whatever the family calls the part. */
  readonly text?: JsonObject | undefined;
  /** `vision_config`: a projector reads it. */
  readonly vision?: JsonObject | undefined;
  /** `whisper_config`, or else `audio_config`: a projector reads it. */
  readonly audio?: JsonObject | undefined;
  /** `rope_parameters`, or `rope_scaling` under that name, with the root's rope fields mirrored into it. */
  readonly rope: Readonly<Record<string, Json | undefined>>;
  /** Where these stand in config.json: the name of the part, and of the fields that are elsewhere. */
  readonly ropePlace: { readonly path: string; readonly places: Readonly<Record<string, string>> };
}

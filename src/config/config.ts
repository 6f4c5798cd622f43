import type { Json, JsonObject } from '../json.js';
import type { Derived, Probed } from '../language/value.js';

/** The blocks for multi-token prediction that are converted: with the model, without it, or none of them. */
export interface ConvertedMtp {
  readonly blocks: number;
  readonly choice: 'with' | 'only' | 'without';
  /** They are a model by themselves: the blocks that config.json counts are another's. */
  readonly instead?: true;
}

/**
 * A model's configuration as the reference sees it: what transformers' `AutoConfig.from_pretrained(dir).to_dict()`
 * gives where transformers knows the `model_type`, config.json itself elsewhere, with `text_config` merged into the
 * root.
 */
export interface Config {
  /** The class that is converted: `architectures[0]` of the nested text model, or else of the root. */
  readonly architecture: string;
  /** `architectures[0]` of the root: for a nested text model, the class around it. */
  readonly origin: string;
  /** All fields, to be read through `fields.ts`. A field of the text model hides the root's. */
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
  /** Where config.json has `rope`, for messages, and those of its fields that are elsewhere. */
  readonly ropePlace: { readonly path: string; readonly places: Readonly<Record<string, string>> };
}

/** A Dense layer, which is applied to what the model pools. */
export interface DenseModule {
  /** Its name in GGUF. */
  readonly name: 'dense_2' | 'dense_3';
  /** The path of its weights. */
  readonly file: string;
  readonly config: JsonObject;
}

/** What families know of a repository beside config.json. */
export interface Facts {
  readonly repoName: string;
  /** The text of the model card, README.md. */
  readonly readme: string | null;
  /** sentence-transformers' Dense layers, where they are asked for. */
  readonly denseModules: readonly DenseModule[];
  /**
   * The `llama_pooling_type` of an embedding model; undefined for any other model.
   * @throws PoolingFileError, UnsupportedPoolingError
   */
  pooling(): number | undefined;
  /**
   * The id of a token that a reranker answers with; undefined where the tokenizer has none, or nothing in the
   * repository speaks of a reranker.
   * @throws MalformedJsonError, JsonLimitError
   */
  answer(token: string): number | undefined;
  /** Whether the repository has a file. */
  has(path: string): boolean;
  /** One of the files that the family names in `Architecture.files`; null where there is none. */
  json(path: string): JsonObject | null;
  /**
   * config.json of the model that a draft model is made for, with the text model's fields over its own.
   * @throws NoTargetModelError
   */
  target(): JsonObject;
}

/** What derivations read. */
export interface Known {
  readonly config: Config;
  readonly facts: Facts;
  /** What probes found, by their ids; none of tensors that are missing. */
  readonly probes?: ReadonlyMap<string, Probed>;
  /** The number of the file's type (`llama_ftype`); missing until the type is chosen. */
  readonly fileType?: number;
  /** The block whose tensor is transformed. */
  readonly block?: number;
}

/** Named values of families. */
export type Derivations = Readonly<Record<string, (known: Known) => Derived>>;

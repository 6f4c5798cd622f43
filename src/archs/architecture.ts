import type { Config } from '../config/config.js';
import type { KeyValues } from '../gguf/key-values.js';
import type { SmallFiles } from '../repo/small-files.js';
import type { ConstantExpr, TensorExpr } from '../tensor/expr.js';
import type { TokenizerPlan } from '../tokenizer/plan.js';

/** One family of models: how its configuration becomes key-values, and its checkpoint's names GGUF names. */
export interface Architecture {
  /** Class names in `architectures` of config.json. */
  readonly classes: readonly string[];
  /** `general.architecture`. */
  readonly gguf: string;
  /** A released repository of the family. */
  readonly example: string;
  /** @throws UnsupportedError for a variant that shares the class but is not handled. */
  check?(config: Config): void;
  /**
   * Writes the `<gguf>.*` keys and `general.file_type`, in the reference's order.
   * @throws ConfigFieldError
   */
  hparams(context: HparamsContext): Promise<void>;
  readonly tensors: readonly TensorRule[];
  /** Parts of the checkpoint's names that are taken out before anything else is decided by them. */
  readonly strip?: readonly string[];
  /** Tensors that come from the configuration; they stand before the checkpoint's. */
  extra?(config: Config): readonly ExtraTensor[];
  /** Which kinds of tokenizers to try, in order, and what is written beside them; default: byte-level BPE alone. */
  readonly tokenizer?: TokenizerPlan;
}

export interface HparamsContext {
  /** `Architecture.gguf`: the keys' prefix. */
  readonly arch: string;
  readonly config: Config;
  readonly kv: KeyValues;
  /** The number of the file's type (`llama_ftype`). */
  readonly fileType: number;
  /** For what is said beside config.json, such as `modules.json`. */
  readonly files: SmallFiles;
}

/** `{bid}` stands for the block's number on both sides; names are without `.weight` and `.bias`. */
export interface TensorRule {
  /** The spellings of one tensor's name. */
  readonly from: readonly string[];
  readonly to: string;
  transform?(expr: TensorExpr, context: TransformContext): TensorExpr;
}

export interface TransformContext {
  readonly config: Config;
  /** The tensor's name in the checkpoint, for messages. */
  readonly name: string;
  readonly bid: number | null;
  readonly suffix: '.weight' | '.bias';
}

export interface ExtraTensor {
  readonly name: string;
  readonly expr: ConstantExpr;
}

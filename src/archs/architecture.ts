import type { Config } from '../config/config.js';
import type { KeyValues } from '../gguf/key-values.js';
import type { ConstantExpr, TensorExpr } from '../tensor/expr.js';

/** One family of models: how its configuration becomes key-values, and its checkpoint's names GGUF names. */
export interface Architecture {
  /** Class names in `architectures` of config.json. */
  readonly classes: readonly string[];
  /** `general.architecture`. */
  readonly gguf: string;
  /** A released repository of the family. */
  readonly example: string;
  /** Writes the `<gguf>.*` keys, `general.file_type` excepted, in the reference's order. */
  hparams(config: Config, kv: KeyValues): void;
  readonly tensors: readonly TensorRule[];
  /** Names that the file does not get, beyond those that no file gets (`archs/names.ts`). */
  readonly drop?: readonly RegExp[];
  /** Tensors that come from the configuration; they stand before the checkpoint's. */
  extra?(config: Config): readonly ExtraTensor[];
  /** Which tokenizer kinds to try, in order; default: byte-level BPE alone. */
  readonly tokenizer?: TokenizerPlan;
}

/** `{bid}` stands for the block's number on both sides; names are without `.weight` and `.bias`. */
export interface TensorRule {
  readonly from: string;
  readonly to: string;
  /** `suffix` is `.weight` or `.bias`. */
  transform?(expr: TensorExpr, context: TransformContext): TensorExpr;
}

export interface TransformContext {
  readonly config: Config;
  readonly bid: number | null;
  readonly suffix: string;
}

export interface ExtraTensor {
  readonly name: string;
  readonly expr: ConstantExpr;
}

export type TokenizerPlan = 'llama' | 'gpt2' | 'qwen';

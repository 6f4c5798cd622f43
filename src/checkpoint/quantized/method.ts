import type { JsonObject } from '../../json.js';
import type { PlainTensors } from './plain-tensors.js';

/** What a repository says of how its weights are kept. */
export interface Declared {
  /** `quant_method`, in lower case. */
  readonly method: string | null;
  /** `quantization_config` of config.json, with what hf_quant_config.json or quantize_config.json add to it. */
  readonly config: JsonObject;
  /** All of config.json, for methods that say what they are elsewhere. */
  readonly hparams: JsonObject;
  /** The family's name in GGUF files; null where it is unknown. Some have a layout of their own. */
  readonly family: string | null;
}

/** A way to keep weights as codes, beneath the architectures: they see the plain tensors that it makes. */
export interface Method {
  /** As people call it. */
  readonly name: string;
  /**
   * The reference does not read it. An outtype of `auto` is then guessed from the decoded tensors; elsewhere from those of
   * the files, as the reference does.
   */
  readonly isOurs?: true;
  /** Whether the weights are kept in this way. More than one method may be: they are asked in the order of the table. */
  is(declared: Declared, tensors: PlainTensors): boolean;
  /**
   * Puts expressions that decode the weights in the places of the tensors that they are made of.
   * @throws QuantizedTensorError where tensors and configuration contradict each other, UnsupportedMethodError
   */
  decode(tensors: PlainTensors, declared: Declared, options: DecodeOptions): Promise<void> | void;
}

/** What the caller asks for. */
export interface DecodeOptions {
  /** `--fp8-as-q8`: weights of 8-bit floats become Q8_0. */
  readonly fp8AsQ8: boolean;
  /** `--keep-blocks`: weights that are blocks of ggml's already stay what they are. */
  readonly keepBlocks: boolean;
  /** `Declared.family` */
  readonly family: string | null;
}

/** DeepSeek V4 and what drafts for it, which keep their weights alike. */
export const isDeepSeek4 = ({ family, hparams }: Declared): boolean =>
  family === 'deepseek4' || (family === 'dflash' && hparams.dspark_noise_token_id !== undefined);

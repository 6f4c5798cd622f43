import type { ArchName } from '../archs/registry.js';
import type { ForceOption } from '../output/guard.js';
import type { OutTypeName, QuantName } from '../quantize/file-types.js';
import type { Imatrix } from '../quantize/imatrix/imatrix.js';
import type { TargetOptions } from '../quantize/target/size.js';
import type { TensorTypeAssignment, TensorTypeName } from '../quantize/type-options.js';
import type { PreTokenizerName } from '../tokenizer/pre/fingerprints.js';
import type { ChoiceOptions } from './chosen-files.js';
import type { Sensitivities } from './sensitivities.js';
import type { SplitOptions } from './split-parts.js';

/** What every call that writes files takes; the command line's options under the same names. */
export interface OutputParams extends ForceOption {
  /**
   * A folder, or a file name that may hold `{ftype}`; a name that doesn't exist and doesn't end in .gguf is a folder's.
   * @default the current folder
   */
  readonly output?: string;
  /**
   * Throw an error where there would be a warning about a doubtful output: a tensor that falls back to another type
   * than the requested one, a vocabulary that cuts text otherwise than the repository's tokenizer, values that are NaN
   * or infinite, end tokens or rotary scaling that the file lacks, a broken chat template, useless importance weights.
   * @default false
   */
  readonly strict?: boolean;
  /** Measure what each tensor loses, at no extra read. @default false */
  readonly stats?: boolean;
  /** Bytes that all buffers together take at most; less than `Plan.memory` is refused. @default 192 MiB */
  readonly maxMemory?: number;
  /**
   * Compare files of this machine with the hashes that are known of them: in the Hub's cache, and in folders that its tools
   * have downloaded. What comes from the Hub itself is always compared. @default false
   */
  readonly verify?: boolean;
  /** Worker threads. @default the machine's cores */
  readonly jobs?: number;
  /** Token for the Hub. @default HF_TOKEN, or the token file of the Hugging Face tools */
  readonly token?: string;
  /** The Hub's address. @default HF_ENDPOINT, or https://huggingface.co */
  readonly endpoint?: string;
  /**
   * Read files that the Hub's cache of this machine has there. To be false where somebody else than this machine's user
   * asks: the Hub says who may read a model, its cache does not. @default true
   */
  readonly cache?: boolean;
  /** Used for every request. @default the built-in one */
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
}

/** llama-quantize's options, and a size to choose the types by. */
export interface QuantizeOptions extends TargetOptions {
  /**
   * With a target size: what each tensor's errors cost, or the path of a file of that. `measureSensitivities` finds it, and
   * `sensitivitiesOut` writes it.
   */
  readonly sensitivities?: string | Sensitivities;
  /**
   * An importance matrix, or the path, or `org/model:file`, of one (llama-imatrix's GGUF or its older binary format).
   * `collectImatrix` makes one of the source.
   */
  readonly imatrix?: string | Imatrix;
  /** Use only the entries of the importance matrix whose name holds one of these. */
  readonly includeWeights?: readonly string[];
  /** Use no entry of the importance matrix whose name holds one of these. */
  readonly excludeWeights?: readonly string[];
  /** The type's default for every tensor, no mixture. @default false */
  readonly pure?: boolean;
  /** Leave output.weight as it is. @default false */
  readonly leaveOutputTensor?: boolean;
  /** A tensor type for output.weight. */
  readonly outputTensorType?: TensorTypeName;
  /** A tensor type for the token embeddings. */
  readonly tokenEmbeddingType?: TensorTypeName;
  /** `regex=type`: tensors whose name the regular expression finds get the type; the first match counts. */
  readonly tensorType?: readonly TensorTypeAssignment[];
  /** A file of such rules, separated by white space; they come after those of `tensorType`. */
  readonly tensorTypeFile?: string;
  /** `key=type:value` (int, float, bool, str): metadata to set in the output. */
  readonly overrideKv?: readonly string[];
  /** Numbers of layers to leave out, separated by commas. */
  readonly pruneLayers?: string;
  /** Quantize what is quantized already. @default false */
  readonly allowRequantize?: boolean;
}

/** What a conversion takes. */
export interface ConversionParams extends OutputParams, QuantizeOptions, SplitOptions, ChoiceOptions {
  /** `org/model[@revision]`, a bare Hub name, or a folder (a path that exists wins). */
  readonly source: string;
  /** The converter's type: `auto`, `f32`, `f16`, `bf16`, `q8_0`. @default 'auto' */
  readonly outtype?: OutTypeName;
  /** Quantize to these types, each into a file of its own, from one read of the source. */
  readonly quant?: QuantName | readonly QuantName[];
  /** Takes the place of the name derived from the repository. */
  readonly modelName?: string;
  /** Path of a JSON file whose fields override the metadata. */
  readonly metadata?: string;
  /** Only the vocabulary and the metadata. @default false */
  readonly vocabOnly?: boolean;
  /** With the Dense layers of an embedding model of sentence-transformers (EmbeddingGemma). @default false */
  readonly sentenceTransformersDenseModules?: boolean;
  /**
   * True: only the blocks for multi-token prediction, as a draft model of its own. False: all but these blocks.
   * @default both in one file, where the family has them
   */
  readonly mtp?: boolean;
  /**
   * Read Mistral's own format: params.json and consolidated*.safetensors.
   * @default whether the repository has nothing else
   */
  readonly mistralFormat?: boolean;
  /** With `mistralFormat`: write no chat template that Mistral did not publish. @default false */
  readonly disableMistralCommunityChatTemplate?: boolean;
  /** The pre-tokenizer's name, instead of the recognised one. */
  readonly preTokenizer?: PreTokenizerName;
  /** Convert as this class of models (a name from `listArchitectures()`), whatever config.json says. */
  readonly arch?: ArchName;
  /** Path of a JSON file that describes the model's family, as `hf2gguf archs NAME --json` prints one. */
  readonly archFile?: string;
  /** For a draft model: the model that it drafts for, named like `source`. The draft has that one's vocabulary. */
  readonly targetModelDir?: string;
  /** Join each block's queries, keys and values into one tensor, where llama.cpp knows such a tensor. @default false */
  readonly fuseQkv?: boolean;
  /** Join the gates of each block's experts with their up projections. @default false */
  readonly fuseGateUpExps?: boolean;
  /** Write the 8-bit floats of a checkpoint as Q8_0, whatever `outtype` says. @default false */
  readonly fp8AsQ8?: boolean;
  /**
   * Leave weights as they are that a checkpoint of MLX or compressed-tensors keeps in MXFP4 or NVFP4, which ggml has too. With
   * `quant`, what the checkpoint keeps so stays, whatever the method, unless `tensorType` names it.
   * @default false
   */
  readonly keepBlocks?: boolean;
}

/** What quantizing a GGUF file takes. */
export interface QuantizationParams extends OutputParams, QuantizeOptions, SplitOptions, ChoiceOptions {
  /** A GGUF file or the first part of a split one: a path, or `org/model[@revision]:file.gguf`. */
  readonly source: string;
  /** Types to quantize to, each into a file of its own, from one read of the source; none with a target size. */
  readonly quant?: QuantName | readonly QuantName[];
  /** As many parts as the source has. @default false */
  readonly keepSplit?: boolean;
}

import type { ArchName } from '../archs/registry.js';
import { UsageError } from '../errors.js';
import {
  FILE_TYPES,
  type FileType,
  OUT_TYPES,
  type OutType,
  type OutTypeName,
  parseFileType,
  type QuantName,
} from '../quantize/file-types.js';
import type { Imatrix } from '../quantize/imatrix/imatrix.js';
import { parseTargets, type TargetOptions, type TargetSize } from '../quantize/target/size.js';
import type { TensorTypeAssignment, TensorTypeName } from '../quantize/type-options.js';
import type { PreTokenizerName } from '../tokenizer/pre/fingerprints.js';
import type { Sensitivities } from './sensitivities.js';

/** What every call that writes files takes; the command line's options under the same names. */
export interface OutputParams {
  /** A folder, or a file name that may hold `{ftype}`. @default the current folder */
  readonly output?: string;
  /**
   * Refuse to write a file in which any tensor falls back to another type than asked for, or whose vocabulary cuts text
   * otherwise than the repository's tokenizer. @default false
   */
  readonly strict?: boolean;
  /** Measure what each tensor loses, at no extra read. @default false */
  readonly stats?: boolean;
  /** Bytes of buffers. @default 192 MiB */
  readonly maxMemory?: number;
  /** Worker threads. @default the machine's cores */
  readonly jobs?: number;
  /** Token for the Hub. @default HF_TOKEN, or the token file of the Hugging Face tools */
  readonly token?: string;
  /** The Hub's address. @default HF_ENDPOINT, or https://huggingface.co */
  readonly endpoint?: string;
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
export interface ConvertParams extends OutputParams, QuantizeOptions {
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
  /** The pre-tokenizer's name, instead of the recognised one. */
  readonly preTokenizer?: PreTokenizerName;
  /** Convert as this class of models (a name from `listArchitectures()`), whatever config.json says. */
  readonly arch?: ArchName;
}

/** What quantizing a GGUF file takes. */
export interface QuantizeParams extends OutputParams, QuantizeOptions {
  /** A GGUF file or the first part of a split one: a path, or `org/model[@revision]:file.gguf`. */
  readonly source: string;
  /** Types to quantize to, each into a file of its own, from one read of the source; none with a target size. */
  readonly quant?: QuantName | readonly QuantName[];
  /** As many parts as the source has. @default false */
  readonly keepSplit?: boolean;
}

export class UnknownTypeError extends UsageError {}
export class NothingToQuantizeError extends UsageError {}
export class ConflictingOptionsError extends UsageError {}

const QUANTIZE_OPTIONS = [
  ...(['imatrix', 'includeWeights', 'excludeWeights', 'pure', 'leaveOutputTensor', 'outputTensorType'] as const),
  ...(['tokenEmbeddingType', 'tensorType', 'tensorTypeFile', 'overrideKv', 'pruneLayers', 'allowRequantize'] as const),
] satisfies readonly (keyof QuantizeOptions)[];

/** @throws UsageError */
export function checkParams(params: ConvertParams): Asked & { outType: OutType | 'auto' } {
  const outType = parseOutType(params.outtype ?? 'auto');
  const asked = parseAsked(params);
  const idle = QUANTIZE_OPTIONS.find((name) => params[name] !== undefined && params[name] !== false);
  if (idle && asked.quants.length === 0 && asked.targets.length === 0) {
    throw new NothingToQuantizeError(
      `--${idle.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} has no effect without --quant.`,
      'Name a type with --quant (or a size with --target-size), or leave it out.',
    );
  }
  checkOutputParams(params);
  return { outType, ...asked };
}

/** What files are wanted: of these types, or of these sizes. */
export interface Asked {
  readonly quants: readonly FileType[];
  readonly targets: readonly TargetSize[];
}

/** @throws UnknownTypeError, TargetSizeError, ConflictingOptionsError */
export function parseAsked(params: QuantizeOptions & Pick<ConvertParams, 'quant'>): Asked {
  const quants = parseQuants(params.quant);
  const targets = parseTargets(params);
  const other = quants.length > 0 ? 'a type' : params.pure ? '--pure' : undefined;
  if (targets.length > 0 && other) {
    throw new ConflictingOptionsError(
      `${other} and a target size are both given, and each chooses the tensors' types.`,
      'Choose one of them.',
    );
  }
  return { quants, targets };
}

/** @throws UsageError */
export function checkOutputParams(params: OutputParams): void {
  checkPositive(params.jobs, '--jobs');
  checkPositive(params.maxMemory, '--max-memory');
}

/** Each type once; in a string, separated by commas. @throws UnknownTypeError */
export function parseQuants(quant: string | readonly string[] | undefined): FileType[] {
  const names = typeof quant === 'string' ? quant.split(',') : (quant ?? []);
  return [...new Set(names.map(parseQuant))];
}

function parseOutType(name: string): OutType | 'auto' {
  const upper = name.toUpperCase();
  if (upper === 'AUTO') {
    return 'auto';
  }
  const known = OUT_TYPES.find((type) => type === upper);
  if (!known) {
    throw new UnknownTypeError(
      `--outtype ${name} is not known.`,
      `Use auto, ${OUT_TYPES.join(', ').toLowerCase()}; for other types there is --quant.`,
    );
  }
  return known;
}

function parseQuant(name: string): FileType {
  const known = parseFileType(name.trim());
  if (!known) {
    throw new UnknownTypeError(
      `The quantization ${name} is not known.`,
      `Use one of ${Object.keys(FILE_TYPES).join(', ')}.`,
    );
  }
  return known;
}

function checkPositive(value: number | undefined, name: string): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
    throw new UsageError(`${name} is ${value}, which is no positive whole number.`, 'Leave it out for the default.');
  }
}

import { UnsupportedError, UsageError } from '../errors.js';
import { FILE_TYPES, type FileType, OUT_TYPES, type OutType, parseFileType } from '../quantize/file-types.js';

/** What `convert` and `plan` take; the command line's options under the same names. */
export interface ConvertParams {
  /** `org/model[@revision]`, a bare Hub name, or a folder (a path that exists wins). */
  readonly source: string;
  /** The converter's type: `auto`, `f32`, `f16`, `bf16`, `q8_0`. @default 'auto' */
  readonly outtype?: string;
  /** Quantize to these types, each into a file of its own, from one read of the source. */
  readonly quant?: string | readonly string[];
  /** A folder, or a file name that may hold `{ftype}`. @default the current folder */
  readonly out?: string;
  /** Takes the place of the name derived from the repository. */
  readonly modelName?: string;
  /** Path of a JSON file whose fields override the metadata. */
  readonly metadata?: string;
  /** Only the vocabulary and the metadata. @default false */
  readonly vocabOnly?: boolean;
  /** The pre-tokenizer's name, instead of the recognised one. */
  readonly preTokenizer?: string;
  /** Convert as this class of models (a name from `architectures()`), whatever config.json says. */
  readonly arch?: string;
  /** Refuse to write a file in which any tensor falls back to another type than asked for. @default false */
  readonly strict?: boolean;
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

export class UnknownTypeError extends UsageError {}
export class RequantizeError extends UnsupportedError {}

/** @throws UsageError, RequantizeError */
export function checkParams(params: ConvertParams): { outType: OutType | 'auto'; quants: FileType[] } {
  const outType = parseOutType(params.outtype ?? 'auto');
  const names = typeof params.quant === 'string' ? params.quant.split(',') : (params.quant ?? []);
  const quants = [...new Set(names.map(parseQuant))];
  if (quants.length > 0 && outType === 'Q8_0') {
    throw new RequantizeError(
      '--outtype q8_0 leaves nothing to quantize: its tensors are quantized already.',
      'Use --outtype auto with --quant, or --outtype q8_0 alone.',
    );
  }
  checkPositive(params.jobs, '--jobs');
  checkPositive(params.maxMemory, '--max-memory');
  return { outType, quants };
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
    throw new UnknownTypeError(`--quant ${name} is not known.`, `Use one of ${Object.keys(FILE_TYPES).join(', ')}.`);
  }
  return known;
}

function checkPositive(value: number | undefined, name: string): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
    throw new UsageError(`${name} is ${value}, which is no positive whole number.`, 'Leave it out for the default.');
  }
}

import type { AnyCase } from '../any-case.js';
import { SourceError, UsageError } from '../errors.js';
import type { KeyValues } from '../gguf/key-values.js';
import type { GgmlType } from '../gguf/types.js';
import { didYouMean, sameName } from '../options/near-names.js';

/**
 * What `--quant` and `--outtype` can ask for: the number in `general.file_type`, and the type that a tensor gets where no
 * rule says otherwise. COPY has neither: tensors stay as they are, and so does the number (see `copiedFileType`).
 * Names: tools/quantize/quantize.cpp, numbers: `llama_ftype` in llama.h, types: `llama_ftype_get_default_type` in
 * src/llama-quant.cpp, of llama.cpp v0.5.0.
 */
export const FILE_TYPES = {
  F32: { id: 0, type: 'F32' },
  F16: { id: 1, type: 'F16' },
  BF16: { id: 32, type: 'BF16' },
  Q4_0: { id: 2, type: 'Q4_0' },
  Q4_1: { id: 3, type: 'Q4_1' },
  Q5_0: { id: 8, type: 'Q5_0' },
  Q5_1: { id: 9, type: 'Q5_1' },
  Q8_0: { id: 7, type: 'Q8_0' },
  Q2_K_S: { id: 21, type: 'Q2_K' },
  Q2_K: { id: 10, type: 'Q2_K' },
  Q3_K_S: { id: 11, type: 'Q3_K' },
  Q3_K_M: { id: 12, type: 'Q3_K' },
  Q3_K_L: { id: 13, type: 'Q3_K' },
  Q4_K_S: { id: 14, type: 'Q4_K' },
  Q4_K_M: { id: 15, type: 'Q4_K' },
  Q5_K_S: { id: 16, type: 'Q5_K' },
  Q5_K_M: { id: 17, type: 'Q5_K' },
  Q6_K: { id: 18, type: 'Q6_K' },
  IQ1_S: { id: 24, type: 'IQ1_S' },
  IQ1_M: { id: 31, type: 'IQ1_M' },
  IQ2_XXS: { id: 19, type: 'IQ2_XXS' },
  IQ2_XS: { id: 20, type: 'IQ2_XS' },
  IQ2_S: { id: 28, type: 'IQ2_XS' },
  IQ2_M: { id: 29, type: 'IQ2_S' },
  IQ3_XXS: { id: 23, type: 'IQ3_XXS' },
  IQ3_XS: { id: 22, type: 'IQ3_S' },
  IQ3_S: { id: 26, type: 'IQ3_S' },
  IQ3_M: { id: 27, type: 'IQ3_S' },
  IQ4_XS: { id: 30, type: 'IQ4_XS' },
  IQ4_NL: { id: 25, type: 'IQ4_NL' },
  TQ1_0: { id: 36, type: 'TQ1_0' },
  TQ2_0: { id: 37, type: 'TQ2_0' },
  MXFP4_MOE: { id: 38, type: 'MXFP4' },
  Q1_0: { id: 40, type: 'Q1_0' },
  Q2_0: { id: 41, type: 'Q2_0' },
  COPY: { id: null, type: null },
} as const satisfies Record<string, { id: number | null; type: GgmlType | null }>;

export type FileType = keyof typeof FILE_TYPES;

const NAMES = Object.keys(FILE_TYPES) as FileType[];
/** llama-quantize's other names, and torch's. */
const ALIASES = {
  Q3_K: 'Q3_K_M',
  Q4_K: 'Q4_K_M',
  Q5_K: 'Q5_K_M',
  FLOAT32: 'F32',
  FP32: 'F32',
  FLOAT16: 'F16',
  FP16: 'F16',
  HALF: 'F16',
  BFLOAT16: 'BF16',
} as const satisfies Record<string, FileType>;
const ALIAS_NAMES = Object.keys(ALIASES) as (keyof typeof ALIASES)[];

/** The names that the parameter `quant` takes. */
export type QuantName = AnyCase<FileType | keyof typeof ALIASES>;

export class UnknownTypeError extends UsageError {}

/**
 * A name or an alias, in which case, hyphens and underscores do not matter, or a number as in llama-quantize; undefined
 * for anything else.
 */
export function parseFileType(name: string): FileType | undefined {
  if (/^\d+$/.test(name)) {
    return NAMES.find((known) => FILE_TYPES[known].id === Number(name));
  }
  const alias = sameName(name, ALIAS_NAMES);
  return sameName(name, NAMES) ?? (alias && ALIASES[alias]);
}

/** Each type once, of a list with commas or of several such. @throws UnknownTypeError */
export function parseFileTypes(lists: readonly string[]): FileType[] {
  return [...new Set(lists.flatMap((list) => list.split(',').map((name) => fileType(name.trim(), list))))];
}

function fileType(name: string, list: string): FileType {
  if (name === '') {
    throw new UnknownTypeError(
      list.trim() === '' ? 'The type to quantize to is empty.' : `A type is missing at a comma of ${list}.`,
      'Give one such as q4_k_m; hf2gguf types lists them.',
    );
  }
  const known = parseFileType(name);
  if (!known) {
    throw new UnknownTypeError(
      `The quantization ${name} is not known.`,
      didYouMean(name, NAMES, 'hf2gguf types lists them.'),
    );
  }
  return known;
}

/** `general.file_type` is there, but is no u32. */
export class FileTypeKeyError extends SourceError {}

/** `llama_ftype` has a number for it, llama-quantize no name. */
const NVFP4_ID = 39;
/** Marks a number that was guessed (LLAMA_FTYPE_GUESSED). */
const GUESSED = 1024;

/**
 * `general.file_type` of a file that COPY writes: the source's own; without one, the type that most of the source's
 * tensors have, marked as guessed (`llama_model_loader`). Of types that are equally frequent, the one that gets there first.
 * @param tensors the source's, in the order of `compareForQuantized`.
 * @throws {@link FileTypeKeyError}
 */
export function copiedFileType(kv: KeyValues, tensors: Iterable<{ readonly type: GgmlType }>): number {
  const written = kv.get('general.file_type');
  if (written) {
    if (written.type !== 'u32') {
      throw new FileTypeKeyError(
        `The key general.file_type is of type ${written.type}, where u32 belongs.`,
        'Remove the key, or get the file again.',
      );
    }
    return Number(written.value);
  }
  const counts = new Map<GgmlType, number>();
  let most: GgmlType = 'F32';
  for (const { type } of tensors) {
    const count = (counts.get(type) ?? 0) + 1;
    counts.set(type, count);
    if (count > (counts.get(most) ?? 0)) {
      most = type;
    }
  }
  const id = most === 'NVFP4' ? NVFP4_ID : (FILE_TYPES[parseFileType(most) ?? 'F32'].id ?? 0);
  return GUESSED + id;
}

/** `general.file_type` of a file that has no recipe, by the tensor type that most of it is. */
export function fileTypeNumber(type: GgmlType): number {
  const name = parseFileType(type) ?? NAMES.find((known) => FILE_TYPES[known].type === type);
  return type === 'NVFP4' ? NVFP4_ID : (FILE_TYPES[name ?? 'F32'].id ?? 0);
}

/** The types of files that the converter writes: `--outtype`. */
export const OUT_TYPES = ['F32', 'F16', 'BF16', 'Q8_0', 'TQ1_0', 'TQ2_0'] as const satisfies readonly FileType[];
export type OutType = (typeof OUT_TYPES)[number];
/** The names that the parameter `outtype` takes. */
export type OutTypeName = AnyCase<OutType | 'AUTO'>;

/** The converter's type by any of its names. @throws UnknownTypeError */
export function parseOutType(name: string): OutType | 'auto' {
  if (name.trim().toLowerCase() === 'auto') {
    return 'auto';
  }
  const type = parseFileType(name.trim());
  const known = OUT_TYPES.find((outType) => outType === type);
  if (!known) {
    throw new UnknownTypeError(
      type ? `--outtype ${name} is no type that the converter writes.` : `--outtype ${name} is not known.`,
      type
        ? `Use --quant ${name} for it.`
        : `Use auto, ${OUT_TYPES.join(', ').toLowerCase()}; for other types there is --quant.`,
    );
  }
  return known;
}

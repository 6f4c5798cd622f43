import { UsageError } from '../errors.js';
import { KeyValues } from '../gguf/key-values.js';
import { align } from '../gguf/writer.js';
import { partOf } from '../gguf-files/locate.js';
import { placeTensors } from '../layout/layout.js';
import type { PlannedFile, PlannedTensor } from '../layout/plan.js';
import { MAX_GGUF_PARTS } from '../limits.js';
import { type WarningSink, warn } from '../warnings.js';

/** How large the parts of a split file may be. */
export interface SplitOptions {
  /** Tensors of a part. */
  readonly splitMaxTensors?: number;
  /** Of a part's tensors together: a number with `K` (1,000 bytes), `M` or `G`. A larger tensor has a part of its own. */
  readonly splitMaxSize?: string;
  /** A first part of key-values alone. @default false */
  readonly noTensorFirstSplit?: boolean;
}

/** The limits of a split's parts contradict each other, or cannot be met. */
export class SplitLimitError extends UsageError {}

export interface SplitLimits {
  readonly tensors?: number | undefined;
  readonly bytes?: number | undefined;
  readonly isFirstEmpty: boolean;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9 };

/** @returns null where nothing asks for parts. @throws SplitLimitError */
export function readSplitLimits(options: SplitOptions): SplitLimits | null {
  const { splitMaxTensors: tensors, splitMaxSize: size, noTensorFirstSplit: isFirstEmpty = false } = options;
  if (tensors === undefined && size === undefined) {
    if (isFirstEmpty) {
      throw new SplitLimitError(
        '--no-tensor-first-split has no effect without a limit of the parts.',
        'Give --split-max-size or --split-max-tensors.',
      );
    }
    return null;
  }
  return { tensors, bytes: size === undefined ? undefined : bytesOf(size), isFirstEmpty };
}

function bytesOf(size: string): number {
  const { count, unit = '' } = /^(?<count>\d{1,15})(?<unit>[KMG]?)$/.exec(size)?.groups ?? {};
  const bytes = Number(count) * (UNITS[unit] ?? 1);
  if (!(bytes > 0 && Number.isSafeInteger(bytes))) {
    throw new SplitLimitError(
      `--split-max-size ${size} is no size.`,
      'Give a whole number with K (1,000 bytes), M or G, such as 2G.',
    );
  }
  return bytes;
}

/**
 * Whose bytes the parts have: those of llama-gguf-split, or those of the converter (gguf-py/gguf/gguf_writer.py), which
 * doesn't count padding, begins a part anew with each tensor that is too large, and has another order of keys.
 */
export type SplitManner = keyof typeof MANNERS;

const MANNERS = {
  'gguf-split': {
    keys: ['split.no', 'split.tensors.count', 'split.count'],
    isFull: (part: Part, size: number, index: number, { tensors, bytes }: SplitLimits) =>
      (bytes !== undefined && part.bytes + size > bytes) ||
      (tensors !== undefined && index > 0 && index % tensors === 0),
    size: ({ size }: PlannedTensor) => align(size),
  },
  converter: {
    keys: ['split.no', 'split.count', 'split.tensors.count'],
    isFull: (part: Part, size: number, _: number, { tensors, bytes }: SplitLimits) =>
      part.tensors.length > 0 &&
      ((tensors !== undefined && part.tensors.length >= tensors) || (bytes !== undefined && part.bytes + size > bytes)),
    size: ({ size }: PlannedTensor) => size,
  },
} as const;

interface Part {
  readonly tensors: PlannedTensor[];
  bytes: number;
}

/** Files in parts where that is asked for. Warns of those that are not split. @throws SplitLimitError */
export function splitAll(
  files: readonly PlannedFile[],
  options: SplitOptions,
  manner: SplitManner,
  emit: WarningSink['emit'],
): readonly PlannedFile[] {
  const limits = readSplitLimits(options);
  return files.flatMap((file) => {
    const parts = limits ? splitFile(file, limits, manner) : [file];
    if (limits && parts.length === 1 && parts[0]?.part === undefined) {
      warn({ emit }, `${file.name} is within the limits of one part, so that it is not split.`);
    }
    return parts;
  });
}

/** A file in parts, NAME-00001-of-00003.gguf and so on; itself where the converter would make no part of it. @throws SplitLimitError */
export function splitFile(file: PlannedFile, limits: SplitLimits, manner: SplitManner): readonly PlannedFile[] {
  const { keys } = MANNERS[manner];
  const parts = partsOf(file.tensors, limits, manner);
  if (manner === 'converter' && parts.length === 1) {
    return [file];
  }
  const counts: Readonly<Record<string, number>> = {
    'split.count': parts.length,
    'split.tensors.count': file.tensors.length,
  };
  return parts.map(({ tensors }, number) => {
    const kv = new KeyValues();
    for (const [key, value] of number === 0 ? file.kv : []) {
      kv.set(key, value);
    }
    for (const key of keys) {
      kv.delete(key);
    }
    for (const key of keys) {
      kv.scalar(key, key === 'split.tensors.count' ? 'i32' : 'u16', counts[key] ?? number);
    }
    const name = partOf(file.name, number, parts.length);
    const { type, prediction } = file;
    return placeTensors({ name, part: [number, parts.length], type, kv, tensors, padded: true, prediction });
  });
}

/** What goes into which part. */
function partsOf(tensors: readonly PlannedTensor[], limits: SplitLimits, manner: SplitManner): readonly Part[] {
  const { isFull, size: sizeOf } = MANNERS[manner];
  const empty = (): Part => ({ tensors: [], bytes: 0 });
  let part = empty();
  const parts = limits.isFirstEmpty ? [empty(), part] : [part];
  for (const [index, tensor] of tensors.entries()) {
    const size = sizeOf(tensor);
    if (isFull(part, size, index, limits)) {
      if (part.tensors.length === 0) {
        throw new SplitLimitError(
          `The first tensor, ${tensor.name}, has ${size} bytes, so that a part before it would be empty.`,
          'Give a larger --split-max-size.',
        );
      }
      part = empty();
      parts.push(part);
    }
    part.tensors.push(tensor);
    part.bytes += size;
  }
  if (parts.length > MAX_GGUF_PARTS) {
    throw new SplitLimitError(
      `There would be ${parts.length} parts, more than ${MAX_GGUF_PARTS}.`,
      'Allow more tensors or a larger size.',
    );
  }
  return parts;
}

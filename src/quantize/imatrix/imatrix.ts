import { SourceError, UsageError } from '../../errors.js';

/** Importance of a model's columns for quantization: per tensor, the mean square of the activations that it met. */
export interface Imatrix {
  /** As the user gave it: it is named in the output. */
  readonly file: string;
  readonly format: 'gguf' | 'legacy';
  /** Names of the texts that it was computed on. */
  readonly datasets: readonly string[];
  /** Chunks of these texts; 0 or less where it is not known. */
  readonly chunks: number;
  /** By tensor. */
  readonly entries: ReadonlyMap<string, ImatrixEntry>;
}

/** What a file of it holds: the same before the average is taken. */
export interface ImatrixSums extends Omit<Imatrix, 'file' | 'entries'> {
  readonly entries: ReadonlyMap<string, SummedEntry>;
}

export interface SummedEntry {
  /** (experts, columns): squares summed over the tokens seen; in the legacy format their mean times the calls. */
  readonly sums: Float32Array;
  /** Per expert (one for a plain matrix): the tokens seen, or in the legacy format the calls. */
  readonly counts: readonly number[];
}

export interface ImatrixEntry {
  /** (experts, columns): what weighs the errors of a row. Those of an expert that was never seen are 1. */
  readonly values: Float32Array;
  /** Per expert (one for a plain matrix): the tokens seen, or in the legacy format the calls. */
  readonly counts: readonly number[];
}

/** A broken or hostile file. */
export class MalformedImatrixError extends SourceError {
  constructor(name: string, what: string) {
    super(
      `${name} is no valid importance matrix: ${what}.`,
      'Download it again, or compute it again with hf2gguf imatrix.',
    );
  }
}

export class NonFiniteImatrixError extends SourceError {}
export class ImatrixSelectionError extends UsageError {}

export interface Selection {
  /** Entries whose name holds one of these, where there are any. */
  readonly include?: readonly string[];
  /** No entry whose name holds one of these. */
  readonly exclude?: readonly string[];
}

/**
 * The entries that are to be used, all without a selection. What is left out may be broken: only what stays is checked.
 * Without any entry left, the output is that of a run without an importance matrix.
 * @throws ImatrixSelectionError, NonFiniteImatrixError
 */
export function selectEntries(imatrix: Imatrix, { include = [], exclude = [] }: Selection = {}): Imatrix {
  checkSelection({ include, exclude });
  const holds = (parts: readonly string[], name: string) => parts.some((part) => name.includes(part));
  const selected = [...imatrix.entries].filter(
    ([name]) => !holds(exclude, name) && (include.length === 0 || holds(include, name)),
  );
  for (const [name, { values }] of selected) {
    const at = firstNonFinite(values);
    if (at >= 0) {
      throw new NonFiniteImatrixError(
        `${imatrix.file} holds ${values[at]} for ${name}, at position ${at}.`,
        `Compute the importance matrix again, or leave the tensor out with --exclude-weights ${name}.`,
      );
    }
  }
  return { ...imatrix, entries: new Map(selected) };
}

/** @throws ImatrixSelectionError */
export function checkSelection({ include = [], exclude = [] }: Selection): void {
  if (include.length > 0 && exclude.length > 0) {
    throw new ImatrixSelectionError(
      '--include-weights and --exclude-weights were given together.',
      'Give only one of them.',
    );
  }
}

// Loops rather than calls: a large mixture of experts has hundreds of millions of values.

/** -1 if all are finite. */
function firstNonFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      return i;
    }
  }
  return -1;
}

/** In place, each quotient rounded to float32; the divisor is one. */
export function divideAll(values: Float32Array, divisor: number): void {
  for (let i = 0; i < values.length; i++) {
    values[i] = (values[i] ?? 0) / divisor;
  }
}

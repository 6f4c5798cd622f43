import { SourceError } from '../../errors.js';
import { listed } from '../../listed.js';
import type { Imatrix } from './imatrix.js';

export class ImatrixSizeError extends SourceError {}

/** A model's tensor, by the name that it has in the source: layers that are pruned change names in the output only. */
export interface CoveredTensor {
  readonly name: string;
  /** ggml's order: the row length first. */
  readonly ne: readonly number[];
  /** Whether its type changes, so that importance weights are used if there are any. */
  readonly quantized: boolean;
}

/** Looked up rather than multiplied, so that llama-imatrix has nothing on them, or, where tied, on their other use. */
const EMBEDDINGS: readonly string[] = ['token_embd.weight', 'per_layer_token_embd.weight'];
/** Without an entry in most files: llama-imatrix leaves the output out unless asked. */
const OFTEN_MISSING: readonly string[] = [...EMBEDDINGS, 'output.weight'];

/**
 * The importance weights of a tensor, (experts, columns), undefined if there are none.
 * @throws ImatrixSizeError for an entry of another size; that of an embedding is ignored.
 */
export function importanceOf(imatrix: Imatrix, name: string, ne: readonly number[]): Float32Array | undefined {
  const values = imatrix.entries.get(name)?.values;
  if (!values || values.length === sizeFor(ne)) {
    return values;
  }
  if (EMBEDDINGS.includes(name)) {
    return undefined;
  }
  throw new ImatrixSizeError(
    `${imatrix.file} has ${values.length} values for ${name}, which needs ${sizeFor(ne)}.`,
    `Give the importance matrix of this model, or leave the tensor out with --exclude-weights ${name}.`,
  );
}

function sizeFor(ne: readonly number[]): number {
  return (ne[0] ?? 1) * (ne[2] ?? 1);
}

/** How an importance matrix fits a model: plain data. */
export interface Coverage {
  /** Quantized tensors that get weights. */
  readonly covered: readonly string[];
  /** Quantized tensors without an entry. */
  readonly missing: readonly string[];
  /** Quantized tensors whose entry has another size: `fatal` ones stop the run, others get no weights. */
  readonly mismatched: readonly { name: string; values: number; needed: number; fatal: boolean }[];
  /** Covered tensors with experts that the calibration text never reached: their columns count alike. */
  readonly unseen: readonly { name: string; unseen: number; experts: number }[];
  /** Entries that belong to no tensor. */
  readonly unused: readonly string[];
}

/** Compares an importance matrix with a model. @param tensors all of the model, pruned ones too. */
export function coverage(imatrix: Imatrix, tensors: readonly CoveredTensor[]): Coverage {
  const quantized = tensors
    .filter((tensor) => tensor.quantized)
    .map(({ name, ne }) => ({ name, needed: sizeFor(ne), entry: imatrix.entries.get(name) }));
  const covered = quantized.filter(({ needed, entry }) => entry?.values.length === needed);
  const names = new Set(tensors.map(({ name }) => name));
  return {
    covered: covered.map(({ name }) => name),
    missing: quantized.filter(({ entry }) => !entry).map(({ name }) => name),
    mismatched: quantized.flatMap(({ name, needed, entry }) =>
      entry && entry.values.length !== needed
        ? [{ name, values: entry.values.length, needed, fatal: !EMBEDDINGS.includes(name) }]
        : [],
    ),
    unseen: covered.flatMap(({ name, entry }) => {
      const counts = entry?.counts ?? [];
      const unseen = counts.filter((count) => count <= 0).length;
      return unseen > 0 ? [{ name, unseen, experts: counts.length }] : [];
    }),
    unused: [...imatrix.entries.keys()].filter((name) => !names.has(name)),
  };
}

/** The coverage in sentences. The first is always there, each other one where it has something to report. */
export function describeCoverage({ covered, missing, mismatched, unseen, unused }: Coverage): string[] {
  const total = covered.length + missing.length + mismatched.length;
  const unexpected = missing.filter((name) => !OFTEN_MISSING.includes(name));
  const usual = missing.filter((name) => OFTEN_MISSING.includes(name));
  const sentences: [readonly string[], (list: string) => string][] = [
    [unexpected, (list) => `It has none for ${list}.`],
    [usual, (list) => `As usual, it has none for ${list}.`],
    [
      mismatched.map(({ name, values, needed }) => `${name} (${values} instead of ${needed})`),
      (list) => `Entries have the wrong size for ${list}.`,
    ],
    [
      unseen.map(({ name, unseen, experts }) => (experts > 1 ? `${name} (${unseen} of ${experts} experts)` : name)),
      (list) => `The text that it was computed on never reached ${list}; there all columns count alike.`,
    ],
    [unused, (list) => `Entries that belong to no tensor of the model: ${list}.`],
  ];
  return [
    covered.length === 0
      ? `The importance matrix has no weights for any of the ${total} quantized tensors: it is another model's.`
      : `The importance matrix has weights for ${covered.length} of ${total} quantized tensors.`,
    ...sentences.flatMap(([names, say]) => (names.length > 0 ? [say(listed(names))] : [])),
  ];
}

/** Which of the tensors to be quantized the importance matrix has weights for. */
export interface CoverageEvent {
  readonly event: 'coverage';
  readonly coverage: Coverage;
}

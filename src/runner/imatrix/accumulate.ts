import { SourceError } from '../../errors.js';
import type { ImatrixSums, SummedEntry } from '../../quantize/imatrix/imatrix.js';

/** Two importance matrices, or a matrix and a model, do not belong together. */
export class ImatrixMergeError extends SourceError {}

interface Entry {
  readonly sums: Float32Array;
  /** Numbers of tokens, by expert. */
  counts: number[];
}

/**
 * The sum of several importance matrices and of a model's run. It adds as llama-imatrix does (load_imatrix in
 * tools/imatrix/imatrix.cpp, llama.cpp v0.5.0): in float32, and a single count becomes one count for each expert.
 */
export class Accumulated {
  readonly datasets: string[] = [];
  readonly #entries = new Map<string, Entry>();

  /** @param chunkSize the number of tokens in a chunk. */
  constructor(readonly chunkSize: number) {}

  /**
   * Adds the sums of a file. In the legacy format a call counts as one chunk.
   * @param file its name, for messages.
   * @throws ImatrixMergeError
   */
  addFile({ format, datasets, entries }: ImatrixSums, file: string): void {
    const factor = format === 'legacy' ? this.chunkSize : 1;
    for (const [name, entry] of entries) {
      this.add(name, entry, file, factor);
    }
    for (const dataset of datasets) {
      this.datasets.push(dataset);
    }
  }

  /** Adds the sums of a tensor. @throws ImatrixMergeError if its size differs from that in an earlier matrix */
  add(name: string, { sums, counts }: SummedEntry, file: string, factor = 1): void {
    const before = this.#entries.get(name);
    if (!before) {
      this.#entries.set(name, { sums: scaled(sums, factor), counts: counts.map((count) => count * factor) });
      return;
    }
    const widened = before.counts.length === 1 ? counts.map(() => before.counts[0] ?? 0) : before.counts;
    if (before.sums.length !== sums.length || (counts.length !== 1 && widened.length !== counts.length)) {
      throw new ImatrixMergeError(
        `${file} has ${sums.length} values and ${counts.length} counts for ${name}, others ${before.sums.length} and ${before.counts.length}.`,
        'Merge only importance matrices of the same model.',
      );
    }
    before.counts = widened.map((count, expert) => count + (counts[counts.length === 1 ? 0 : expert] ?? 0) * factor);
    for (let i = 0; i < sums.length; i++) {
      before.sums[i] = (before.sums[i] ?? 0) + Math.fround((sums[i] ?? 0) * factor);
    }
  }

  /** The sums, with entries in the byte order of their names: the order in which they are written. */
  result(): ImatrixSums & { readonly chunkSize: number } {
    const sorted = [...this.#entries].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const most = sorted.reduce((most, [, { counts }]) => counts.reduce((a, b) => Math.max(a, b), most), 0);
    const chunks = Math.floor(most / this.chunkSize);
    return { format: 'gguf', datasets: this.datasets, chunks, chunkSize: this.chunkSize, entries: new Map(sorted) };
  }
}

function scaled(values: Float32Array, factor: number): Float32Array {
  return values.map((value) => value * factor);
}

import { type PlannedFile, writeWeights } from '../layout/plan.js';
import type { TensorStats } from '../layout/written-file.js';
import { elementCount } from '../tensor/expr.js';
import type { MeasuredErrors } from './worker.js';

type Tensor = Pick<TensorStats, 'name' | 'type' | 'elements'> & { readonly isWeighted: boolean };

/** The errors of every written tensor, summed over its pieces. */
export class ErrorStats {
  readonly #files: readonly (readonly Tensor[])[];
  readonly #sums = new Map<string, number[]>();

  constructor(files: readonly PlannedFile[]) {
    this.#files = files.map(({ tensors }) =>
      tensors.map(({ name, type, ne, write }) => ({
        name,
        type,
        elements: elementCount(ne),
        isWeighted: writeWeights(write) !== undefined,
      })),
    );
  }

  add({ file, tensor, sums }: MeasuredErrors): void {
    const key = `${file} ${tensor}`;
    const [squared = 0, weighted = 0, source = 0, largest = 0] = this.#sums.get(key) ?? [];
    const [s = 0, w = 0, x = 0, l = 0] = sums;
    this.#sums.set(key, [squared + s, weighted + w, source + x, Math.max(largest, l)]);
  }

  /** The errors of all tensors of a planned file. Tensors whose bytes were copied have none. */
  of(file: number): TensorStats[] {
    return (this.#files[file] ?? []).map(({ name, type, elements, isWeighted }) => {
      const [squared = 0, weighted = 0, source = 0, largest = 0] = this.#sums.get(`${file} ${name}`) ?? [];
      return {
        name,
        type,
        elements,
        rmse: Math.sqrt(squared / Math.max(elements, 1)),
        relativeRmse: source > 0 ? Math.sqrt(squared / source) : 0,
        maxError: largest,
        ...(isWeighted && { weightedSquaredError: weighted }),
      };
    });
  }
}

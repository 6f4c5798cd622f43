import type { TensorStats } from '../events.js';
import { elementCount } from '../tensor/expr.js';
import type { PlannedFile } from './plan.js';
import type { MeasuredErrors } from './worker.js';

/** What the writing of every tensor lost, gathered from the workers. */
export class ErrorStats {
  readonly #sums = new Map<string, number[]>();

  add({ file, tensor, sums }: MeasuredErrors): void {
    const key = `${file} ${tensor}`;
    const [squared = 0, weighted = 0, source = 0, largest = 0] = this.#sums.get(key) ?? [];
    const [s = 0, w = 0, x = 0, l = 0] = sums;
    this.#sums.set(key, [squared + s, weighted + w, source + x, Math.max(largest, l)]);
  }

  /** Of all tensors of a planned file; those whose bytes were copied have lost nothing. */
  of(file: PlannedFile, index: number): TensorStats[] {
    return file.tensors.map(({ name, type, ne, weights }) => {
      const [squared = 0, weighted = 0, source = 0, largest = 0] = this.#sums.get(`${index} ${name}`) ?? [];
      const elements = elementCount(ne);
      return {
        name,
        type,
        elements,
        rmse: Math.sqrt(squared / Math.max(elements, 1)),
        relativeRmse: source > 0 ? Math.sqrt(squared / source) : 0,
        maxError: largest,
        ...(weights && { weightedSquaredError: weighted }),
      };
    });
  }
}

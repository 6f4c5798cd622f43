import { smallestPiece } from './cut.js';
import { MemoryLimitError } from './memory-limit.js';
import type { WantedTensor } from './wanted.js';

/**
 * The number of rows at which pieces are measured. Most pieces of a tensor need the same; those of a concatenation
 * depend on the part.
 */
const SAMPLES = 16;

/**
 * The least bytes of buffers with which files can be filled, with one job: those of the largest among the tensors'
 * smallest pieces.
 * @param limit bytes that the call may take.
 * @throws MemoryLimitError where it needs more
 */
export function leastMemory(tensors: readonly WantedTensor[], limit: number): number {
  let least = 0;
  let largest: WantedTensor | undefined;
  for (const tensor of tensors) {
    for (const row of samples(tensor)) {
      const { memory } = smallestPiece(tensor, row);
      if (memory > least) {
        [least, largest] = [memory, tensor];
      }
    }
  }
  if (largest && least > limit) {
    throw new MemoryLimitError(largest, least, limit);
  }
  return least;
}

/**
 * Rows at which pieces are measured: the first, the last, and some between them. All rows of a plain source are alike,
 * so one is enough.
 */
function samples({ expr, rows, isLocal, grain }: WantedTensor): Iterable<number> {
  const count = expr.op === 'source' ? Math.min(rows, 1) : Math.min(rows, SAMPLES);
  const unit = isLocal ? 1 : grain;
  const at = (i: number) => Math.round((i * (rows - 1)) / Math.max(1, count - 1));
  return new Set(Array.from({ length: count }, (_, i) => Math.floor(at(i) / unit) * unit));
}

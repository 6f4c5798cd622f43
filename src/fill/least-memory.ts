import { smallestPiece } from './cut.js';
import { MemoryLimitError } from './memory-limit.js';
import type { WantedTensor } from './wanted.js';

/** Rows of a tensor whose pieces are measured: most are alike, and those of a concatenation differ by its parts. */
const SAMPLES = 16;

/**
 * Bytes of buffers that filling needs, with one job: the largest of the tensors' smallest pieces.
 * @param limit bytes that there are.
 * @throws MemoryLimitError where that is more
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

/** The first row, the last, and some between them, at which pieces can begin; rows of a plain source are alike. */
function samples({ expr, rows, isLocal, grain }: WantedTensor): Iterable<number> {
  const count = expr.op === 'source' ? Math.min(rows, 1) : Math.min(rows, SAMPLES);
  const unit = isLocal ? 1 : grain;
  const at = (i: number) => Math.round((i * (rows - 1)) / Math.max(1, count - 1));
  return new Set(Array.from({ length: count }, (_, i) => Math.floor(at(i) / unit) * unit));
}

import { ResourceError } from '../errors.js';
import type { WantedTensor } from './wanted.js';

/** Not even the smallest piece of a tensor fits into the memory that a call may take for its buffers. */
export class MemoryLimitError extends ResourceError {
  /**
   * @param needed bytes that the smallest piece takes.
   * @param limit bytes that the call may take.
   */
  constructor({ destinations }: Pick<WantedTensor, 'destinations'>, needed: number, limit: number) {
    super(
      `The smallest piece of the tensor ${destinations[0]?.tensor} takes ${needed} bytes of buffers, and --max-memory ` +
        `is ${limit}.`,
      `Give --max-memory ${needed} or more.`,
    );
  }
}

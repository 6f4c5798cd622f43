import { ResourceError } from '../errors.js';
import { MEMORY_UNIT } from './pieces.js';

/** The system does not give the memory that a call may take for its buffers. */
export class BufferMemoryError extends ResourceError {}

/** A range of the pool's memory, from byte `from` up to but not including `to`. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * The memory of all tasks: one block, of which each task takes a range and gives it back. So tasks never take more than
 * the block has, a large task makes no other task's range larger, and no range is kept idle. The system provides a page
 * when it is first written to. Ranges are taken as near to the start as possible, so that pages at the end may never be
 * needed.
 */
export class BytePool {
  readonly #block: SharedArrayBuffer;
  /** Sorted by `from`; no two ranges touch. */
  #free: Range[];
  readonly #waiting: { readonly size: number; resolve(bytes: Uint8Array): void }[] = [];

  /** @throws BufferMemoryError */
  constructor(size: number) {
    try {
      this.#block = new SharedArrayBuffer(size);
    } catch (cause) {
      throw new BufferMemoryError(
        `The system has no ${size} bytes of memory for buffers.`,
        'Give a smaller --max-memory, or end other programs.',
        { cause },
      );
    }
    this.#free = [{ from: 0, to: size }];
  }

  get size(): number {
    return this.#block.byteLength;
  }

  /**
   * Waits for `size` bytes in one range, which may have any content. Who asks first gets memory first.
   * @param size at most the pool's size; a multiple of MEMORY_UNIT.
   */
  take(size: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (size > this.size || size % MEMORY_UNIT !== 0) {
        reject(new RangeError(`The pool of ${this.size} bytes has no ${size}.`));
        return;
      }
      this.#waiting.push({ size, resolve });
      this.#serve();
    });
  }

  /** Gives back memory that `take` returned. */
  give({ byteOffset, byteLength }: Uint8Array): void {
    const given: Range = { from: byteOffset, to: byteOffset + byteLength };
    const joined: Range[] = [];
    for (const range of [...this.#free, given].sort((a, b) => a.from - b.from)) {
      const last = joined.at(-1);
      if (last?.to === range.from) {
        joined[joined.length - 1] = { from: last.from, to: range.to };
      } else {
        joined.push(range);
      }
    }
    this.#free = joined;
    this.#serve();
  }

  #serve(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const { size, resolve } = next;
      const range = this.#free.find(({ from, to }) => to - from >= size);
      if (!range) {
        return;
      }
      const rest = { from: range.from + size, to: range.to };
      this.#free = this.#free.flatMap((free) => (free !== range ? [free] : rest.from < rest.to ? [rest] : []));
      this.#waiting.shift();
      resolve(new Uint8Array(this.#block, range.from, size));
    }
  }
}

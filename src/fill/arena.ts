/** Hands out a block of memory from its start on. */
export class Arena {
  #used: number;

  /** @param used bytes at the start that are in use already. */
  constructor(
    readonly memory: Uint8Array,
    used = 0,
  ) {
    this.#used = used;
  }

  /**
   * `size` bytes, which may have any content. They are free again when the surrounding `scope` ends.
   * @throws RangeError where the block is used up
   */
  take(size: number): Uint8Array {
    const end = this.#used + size;
    if (end > this.memory.length) {
      throw new RangeError(`A task of ${this.memory.length} bytes wants ${end}.`);
    }
    const taken = this.memory.subarray(this.#used, end);
    this.#used = end;
    return taken;
  }

  /** Runs `use` and then frees the memory that it took. */
  scope<T>(use: () => T): T {
    const mark = this.#used;
    const result = use();
    this.#used = mark;
    return result;
  }
}

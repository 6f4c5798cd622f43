/** Hands out a block of memory from its start on. */
export class Arena {
  #used: number;

  /** @param used bytes at the start that are taken. */
  constructor(
    readonly memory: Uint8Array,
    used = 0,
  ) {
    this.#used = used;
  }

  /** Memory with anything in it, until the scope ends in which it is taken. @throws RangeError where there is no more */
  take(size: number): Uint8Array {
    const end = this.#used + size;
    if (end > this.memory.length) {
      throw new RangeError(`A task of ${this.memory.length} bytes wants ${end}.`);
    }
    const taken = this.memory.subarray(this.#used, end);
    this.#used = end;
    return taken;
  }

  /** Runs `use`, and takes back what it took. */
  scope<T>(use: () => T): T {
    const mark = this.#used;
    const result = use();
    this.#used = mark;
    return result;
  }
}

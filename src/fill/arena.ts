/**
 * Memory that a worker uses again for each job: fresh buffers of this size would be zeroed each time, and would pile up
 * until the garbage collector comes by.
 */
export class Arena {
  #memory = new Uint8Array(0);
  #used = 0;

  /** Forgets what was taken, and sees to it that `size` bytes can be. */
  reset(size: number): void {
    this.#used = 0;
    if (this.#memory.length < size) {
      this.#memory = new Uint8Array(size);
    }
  }

  /** Valid until `reset`, or until a mark before it is gone back to. */
  take(size: number): Uint8Array {
    if (this.#used + size > this.#memory.length) {
      return new Uint8Array(size);
    }
    const taken = this.#memory.subarray(this.#used, this.#used + size);
    this.#used += size;
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

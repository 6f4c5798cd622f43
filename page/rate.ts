/** Milliseconds over which a rate is measured, and before which none is told. */
const [WINDOW, LEAST] = [10_000, 1500];
/** Milliseconds from the first event on in which those of the past arrive, all at once. */
const PAST = 500;

/** How quickly something goes on, measured by when the news of it come. */
export class Rate {
  #first: number | null = null;
  #samples: { readonly time: number; readonly done: number }[] = [];

  /** @param time in milliseconds. */
  add(done: number, time: number): void {
    this.#first ??= time;
    if (time - this.#first < PAST || done < (this.#samples.at(-1)?.done ?? 0)) {
      this.#samples = [];
    }
    this.#samples.push({ time, done });
    // One from before the window stays, so that rare news have a rate as well.
    while (this.#samples.length > 2 && (this.#samples[1]?.time ?? time) < time - WINDOW) {
      this.#samples.shift();
    }
  }

  /** A second's worth, or null while too little is known. */
  get perSecond(): number | null {
    const [from, to] = [this.#samples[0], this.#samples.at(-1)];
    const time = from && to ? to.time - from.time : 0;
    return from && to && time >= LEAST && to.done > from.done ? ((to.done - from.done) / time) * 1000 : null;
  }
}

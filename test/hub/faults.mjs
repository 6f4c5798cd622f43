// What can go wrong with an answer, on demand and always in the same turn.

/** @typedef {'rate' | 'failing' | 'reset' | 'cut' | 'whole' | 'stall' | 'wrong-range'} Fault */

/** @type {readonly Fault[]} */
export const FAULTS = ['rate', 'failing', 'reset', 'cut', 'whole', 'stall', 'wrong-range'];

/** Faults that need an answer with a body, and those that need a ranged one. */
const NEEDS = { body: ['cut', 'stall'], range: ['whole', 'wrong-range'] };

/** Makes every Nth request fail, by each fault in turn; one that doesn't suit the request lets the next one go first. */
export class FaultPlan {
  #requests = 0;

  /**
   * @param {number} every 0 for never
   * @param {readonly Fault[]} kinds
   */
  constructor(every, kinds = FAULTS) {
    this.every = every;
    /** @type {Fault[]} the next one first */
    this.turn = [...kinds];
  }

  /**
   * @param {{ body: boolean, range: boolean }} answer what the answer would have
   * @returns {Fault | null}
   */
  next({ body, range }) {
    this.#requests++;
    if (this.every === 0 || this.#requests % this.every !== 0) {
      return null;
    }
    const suits = (/** @type {Fault} */ fault) =>
      (body || !NEEDS.body.includes(fault)) && (range || !NEEDS.range.includes(fault));
    const index = this.turn.findIndex(suits);
    const [fault] = index < 0 ? [] : this.turn.splice(index, 1);
    if (!fault) {
      return null;
    }
    this.turn.push(fault);
    return fault;
  }
}

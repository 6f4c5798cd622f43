/** Steps of the table to the unit, and how far down it goes: e^-745 is the smallest double. */
const STEPS = 64;
const RANGE = 745;
const POWERS = Float64Array.from({ length: RANGE * STEPS + 1 }, (_, i) => Math.exp(-i / STEPS));

/**
 * e^x for x ≤ 0, to 1e-11 of its value, at a third of Math.exp's time: most of what a measurement takes is this, for each
 * token of the vocabulary at each position.
 */
export function expOfNegative(x: number): number {
  if (x <= -RANGE) {
    return 0;
  }
  const steps = (x * -STEPS) | 0;
  const rest = x + steps / STEPS;
  return (POWERS[steps] as number) * (1 + rest * (1 + rest * (1 / 2 + rest * (1 / 6 + rest / 24))));
}

/** What a model expects at one position: its logits as probabilities over the vocabulary. Used again for every position. */
export class Distribution {
  logits: Float32Array = new Float32Array(0);
  /** The likeliest token; of equals, the first. */
  top = 0;
  /** Natural logarithm of the sum of e^logit. */
  logSum = 0;
  /** e^(logit - largest logit), and their sum. */
  readonly exponentials: Float64Array;
  sum = 0;

  constructor(readonly size: number) {
    this.exponentials = new Float64Array(size);
  }

  /** @param from where the position's `size` logits begin. */
  read(logits: Float32Array, from: number): void {
    const { size, exponentials } = this;
    const row = logits.subarray(from, from + size);
    let top = 0;
    let largest = row[0] as number;
    for (let i = 1; i < size; i++) {
      if ((row[i] as number) > largest) {
        largest = row[i] as number;
        top = i;
      }
    }
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const value = expOfNegative((row[i] as number) - largest);
      exponentials[i] = value;
      sum += value;
    }
    this.logits = row;
    this.top = top;
    this.sum = sum;
    this.logSum = largest + Math.log(sum);
  }

  /** Negative logarithm of a token's probability; NaN where a logit is NaN or infinite. */
  surprise(token: number): number {
    return this.logSum - (this.logits[token] as number);
  }

  /** Kullback-Leibler divergence in nats, of `other` from this: the sum of p · (ln p - ln q). */
  divergenceOf(other: Distribution): number {
    const { size, logits, exponentials } = this;
    const otherLogits = other.logits;
    let sum = 0;
    for (let i = 0; i < size; i++) {
      sum += (exponentials[i] as number) * ((logits[i] as number) - (otherLogits[i] as number));
    }
    // Rounding can take it below 0, where it can't be.
    return Math.max(0, sum / this.sum - this.logSum + other.logSum);
  }
}

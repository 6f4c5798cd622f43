import { addon, currentTarget, type InstructionSet } from '../quantize/native.js';

/** native/addon/distribution.cpp: most of what a measurement takes is this, for each token of the vocabulary. */
interface DistributionAddon {
  /** e^(logit - largest logit) of each, which logit that is, and the sum. */
  exponentials(target: InstructionSet, logits: Float32Array, to: Float64Array): { top: number; sum: number };
  /** The sum of weight · (left - right). */
  weightedDifference(target: InstructionSet, weights: Float64Array, left: Float32Array, right: Float32Array): number;
}

const native = () => addon() as unknown as DistributionAddon;

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

  /** @param on the instruction set, for tests. */
  constructor(
    readonly size: number,
    readonly on: InstructionSet = currentTarget(),
  ) {
    this.exponentials = new Float64Array(size);
  }

  /** @param from where the position's `size` logits begin. */
  read(logits: Float32Array, from: number): void {
    this.logits = logits.subarray(from, from + this.size);
    const { top, sum } = native().exponentials(this.on, this.logits, this.exponentials);
    this.top = top;
    this.sum = sum;
    this.logSum = (this.logits[top] as number) + Math.log(sum);
  }

  /** Negative logarithm of a token's probability; NaN where a logit is NaN or infinite. */
  surprise(token: number): number {
    return this.logSum - (this.logits[token] as number);
  }

  /** Kullback-Leibler divergence in nats, of `other` from this: the sum of p · (ln p - ln q). */
  divergenceOf(other: Distribution): number {
    const sum = native().weightedDifference(this.on, this.exponentials, this.logits, other.logits);
    // Rounding can take it below 0, where it can't be.
    return Math.max(0, sum / this.sum - this.logSum + other.logSum);
  }
}

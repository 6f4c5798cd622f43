import { addon, currentTarget, type InstructionSet } from '../quantize/native.js';

/**
 * The functions of native/addon/distribution.cpp. Most of a measurement's time is spent here, because it needs every
 * token of the vocabulary.
 */
interface DistributionAddon {
  /** Computes e^(logit - largest logit) for each logit. Returns the index of the largest logit, and the sum. */
  exponentials(target: InstructionSet, logits: Float32Array, to: Float64Array): { top: number; sum: number };
  /** The sum of weight · (left - right). */
  weightedDifference(target: InstructionSet, weights: Float64Array, left: Float32Array, right: Float32Array): number;
}

const native = () => addon() as unknown as DistributionAddon;

/**
 * The probabilities over the vocabulary that a model predicts for one position, computed from logits. One object serves
 * for all positions.
 */
export class Distribution {
  logits: Float32Array = new Float32Array(0);
  /** The likeliest token; the first of several. */
  top = 0;
  /** The natural logarithm of the sum of e^logit. */
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

  /** Reads the logits of a position. @param from the index of its first logit; it has `size` of them. */
  read(logits: Float32Array, from: number): void {
    this.logits = logits.subarray(from, from + this.size);
    const { top, sum } = native().exponentials(this.on, this.logits, this.exponentials);
    this.top = top;
    this.sum = sum;
    this.logSum = (this.logits[top] as number) + Math.log(sum);
  }

  /** The negative natural logarithm of a token's probability; NaN if a logit is NaN or infinite. */
  surprise(token: number): number {
    return this.logSum - (this.logits[token] as number);
  }

  /** The Kullback-Leibler divergence of `other` from this distribution, in nats: the sum of p · (ln p - ln q). */
  divergenceOf(other: Distribution): number {
    const sum = native().weightedDifference(this.on, this.exponentials, this.logits, other.logits);
    // Rounding can make the result negative, which a divergence never is.
    return Math.max(0, sum / this.sum - this.logSum + other.logSum);
  }
}

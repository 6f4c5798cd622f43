import type { Divergence, Estimate, Spread } from './check-result.js';
import type { Distribution } from './distribution.js';
import { exponential, Samples } from './perplexity.js';

/** Sums up a divergence, one position at a time. */
export class DivergenceSum {
  readonly #surprise = new Samples();
  readonly #baseSurprise = new Samples();
  #products = 0;
  readonly #kld = new Samples();
  readonly #klds: number[] = [];
  readonly #difference = new Samples();
  readonly #squaredDifference = new Samples();
  #sameTop = 0;

  get count(): number {
    return this.#kld.count;
  }

  /** Adds a position. @param token the text's token there. */
  add(base: Distribution, model: Distribution, token: number): void {
    const surprise = model.surprise(token);
    const baseSurprise = base.surprise(token);
    this.#surprise.add(surprise);
    this.#baseSurprise.add(baseSurprise);
    this.#products += surprise * baseSurprise;
    const kld = base.divergenceOf(model);
    this.#kld.add(kld);
    this.#klds.push(kld);
    const difference = Math.exp(-surprise) - Math.exp(-baseSurprise);
    this.#difference.add(difference);
    this.#squaredDifference.add(difference * difference);
    this.#sameTop += base.top === model.top ? 1 : 0;
  }

  result(): Divergence {
    return {
      perplexityRatio: exponential(this.#surpriseDifference()),
      kld: { ...this.#kld.mean(), ...spread(this.#klds) },
      sameTop: share(this.#sameTop, this.count),
      probabilityDifference: { rms: root(this.#squaredDifference.mean()), mean: this.#difference.mean() },
    };
  }

  /**
   * The mean difference of both surprises. Its error accounts for their covariance, because both are of the same
   * positions.
   */
  #surpriseDifference(): Estimate {
    const { count } = this;
    const [model, base] = [this.#surprise.mean(), this.#baseSurprise.mean()];
    const covariance = (this.#products / count - model.value * base.value) / (count - 1);
    const variance = model.error ** 2 + base.error ** 2 - 2 * covariance;
    return { value: model.value - base.value, error: variance > 0 ? Math.sqrt(variance) : 0 };
  }
}

function share(part: number, count: number): Estimate {
  const value = part / count;
  return { value, error: Math.sqrt((value * (1 - value)) / (count - 1)) };
}

function root({ value, error }: Estimate): Estimate {
  const rms = Math.sqrt(value);
  return { value: rms, error: rms > 0 ? (0.5 / rms) * error : 0 };
}

function spread(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  const at = (fraction: number) => {
    const place = fraction * (sorted.length - 1);
    const below = Math.floor(place);
    const lower = sorted[below] as number;
    return lower + (place - below) * ((sorted[below + 1] ?? lower) - lower);
  };
  return {
    ...{ minimum: at(0), p10: at(0.1), median: at(0.5), p90: at(0.9) },
    ...{ p95: at(0.95), p99: at(0.99), p999: at(0.999), maximum: at(1) },
  };
}

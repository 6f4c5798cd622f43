import { GateError } from '../errors.js';
import type { CheckResult } from './check-result.js';

/** Limits for the distance of a model from its base. */
export interface Gates {
  /** The largest mean Kullback-Leibler divergence, in nats. */
  readonly maxKld?: number | undefined;
  /** The largest ratio of the model's perplexity to the base's. */
  readonly maxPplRatio?: number | undefined;
}

/** A model is further from its base than a limit allows. */
export class QualityGateError extends GateError {}

/** Checks all models against the limits. @throws QualityGateError if a model exceeds one */
export function checkGates({ models }: CheckResult, { maxKld, maxPplRatio }: Gates): void {
  const failures = models.flatMap(({ source, divergence }) => [
    ...over(source, 'mean KL divergence', divergence?.kld.value, maxKld),
    ...over(source, 'perplexity ratio', divergence?.perplexityRatio.value, maxPplRatio),
  ]);
  if (failures.length > 0) {
    throw new QualityGateError(
      `${failures.join('; ')}.`,
      'Choose a larger type or use an importance matrix, or allow more.',
    );
  }
}

/** Describes a value over its limit. NaN is over every limit. */
function over(source: string, name: string, value: number | undefined, limit: number | undefined): string[] {
  if (limit === undefined || (value !== undefined && value <= limit)) {
    return [];
  }
  return [`The ${name} of ${source} is ${value?.toPrecision(4)}, over ${limit}`];
}

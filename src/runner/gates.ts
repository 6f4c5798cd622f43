import { GateError } from '../errors.js';
import type { CheckResult } from './check-result.js';

/** How far a model may be from its base. */
export interface Gates {
  /** Mean Kullback-Leibler divergence, in nats. */
  readonly maxKld?: number | undefined;
  /** Perplexity over the base's. */
  readonly maxPplRatio?: number | undefined;
}

export class QualityGateError extends GateError {}

/** @throws QualityGateError where any of the models is over a limit. */
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

/** What is no number is over every limit. */
function over(source: string, name: string, value: number | undefined, limit: number | undefined): string[] {
  if (limit === undefined || (value !== undefined && value <= limit)) {
    return [];
  }
  return [`The ${name} of ${source} is ${value?.toPrecision(4)}, over ${limit}`];
}

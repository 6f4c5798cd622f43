/** What a tensor loses as a type. */
export interface Loss {
  /** The sum of the squared differences, each times its column's weight. */
  readonly weighted: number;
  /** The same of the values themselves, columns' weights and squares taken as independent. */
  readonly whole: number;
}

/** @param weights of the columns, or none where all count alike. */
export function lossOf(weights: Float32Array | undefined, [, weighted = 0, source = 0]: Float64Array): Loss {
  return { weighted, whole: meanWeight(weights) * source };
}

/** How much columns count on average: 1 where all count alike. */
export function meanWeight(weights: Float32Array | undefined): number {
  return weights ? weights.reduce((sum, weight) => sum + weight, 0) / weights.length : 1;
}

/** The share of a tensor that is lost. */
export function relativeLoss({ weighted, whole }: Loss): number {
  return weighted > 0 ? weighted / whole : 0;
}

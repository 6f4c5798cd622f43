/** A mean and its standard error. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
}

/**
 * How far the predictions of a model are from those of a base, over all positions. The figures are those of
 * llama-perplexity --kl-divergence.
 */
export interface Divergence {
  /** The model's perplexity, divided by the base's. */
  readonly perplexityRatio: Estimate;
  /** Kullback-Leibler divergence from the base, in nats. */
  readonly kld: Estimate & Spread;
  /** The share of positions (0 to 1) at which both have the same likeliest token. */
  readonly sameTop: Estimate;
  /** The probability of the text's token, minus that of the base (-1 to 1). */
  readonly probabilityDifference: { readonly rms: Estimate; readonly mean: Estimate };
}

/** The distribution of a measurement over all positions. */
export interface Spread {
  readonly minimum: number;
  readonly p10: number;
  readonly median: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly maximum: number;
}

/** The measurements of a model on a text. */
export interface Measures {
  /** The perplexity of the text: e^(mean surprise of its tokens in nats). */
  readonly perplexity: Estimate;
  /** Null without a base. */
  readonly divergence: Divergence | null;
}

/** A model and its measurements. */
export interface Checked extends Measures {
  readonly source: string;
  /** The name of the file type, such as `Q4_K_M`; null for a checkpoint, and for a file without one. */
  readonly type: string | null;
  /** Bytes of the file; for a checkpoint, of its tensors. */
  readonly size: number;
  readonly bitsPerWeight: number;
}

/** The result of a check. */
export interface CheckResult {
  /** The file of the text; null for the bundled text. */
  readonly text: string | null;
  readonly ctx: number;
  readonly chunks: number;
  /** The number of scored positions. */
  readonly tokens: number;
  readonly base: Checked | null;
  readonly models: readonly Checked[];
}

/** The measurements so far, those of the base first. */
export interface MeasuredEvent {
  readonly event: 'measured';
  readonly models: readonly Checked[];
}

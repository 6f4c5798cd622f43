/** A mean and its standard error. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
}

/** How far a model's predictions are from a base's, over all positions: the figures of llama-perplexity --kl-divergence. */
export interface Divergence {
  /** The model's perplexity over the base's. */
  readonly perplexityRatio: Estimate;
  /** Kullback-Leibler divergence from the base, in nats. */
  readonly kld: Estimate & Spread;
  /** Share of the positions (0 to 1) at which both find the same token the likeliest. */
  readonly sameTop: Estimate;
  /** The probability of the text's token, less the base's (-1 to 1). */
  readonly probabilityDifference: { readonly rms: Estimate; readonly mean: Estimate };
}

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

/** What is measured of a model on a text. */
export interface Measures {
  /** e^(mean surprise in nats) of the text's tokens. */
  readonly perplexity: Estimate;
  /** Null without a base. */
  readonly divergence: Divergence | null;
}

/** A model and what is measured of it. */
export interface Checked extends Measures {
  readonly source: string;
  /** The file type's name, as `Q4_K_M`; null for a checkpoint, and where the file does not say. */
  readonly type: string | null;
  /** Bytes: the file's, or of a checkpoint the tensors'. */
  readonly size: number;
  readonly bitsPerWeight: number;
}

/** What a check returns. */
export interface CheckResult {
  /** The text's file; null for the bundled one. */
  readonly text: string | null;
  readonly ctx: number;
  readonly chunks: number;
  /** Positions scored. */
  readonly tokens: number;
  readonly base: Checked | null;
  readonly models: readonly Checked[];
}

/** What is measured of the models so far, the base first. */
export interface MeasuredEvent {
  readonly event: 'measured';
  readonly models: readonly Checked[];
}

import type { ValueName } from './operators/operator.js';
import type { GraphOperator } from './operators/table.js';

/**
 * A model's computation as data: operators in the order in which they run. They read and write named float32 values of
 * shape (tokens, width). A file in `graphs/` builds the graph of an architecture; the engine checks and runs it.
 */
export interface Graph {
  /** `general.architecture`. */
  readonly architecture: string;
  /** The number of tokens. Tokens with a smaller id can be run. */
  readonly vocabulary: number;
  /** The number of positions for which the model was trained. */
  readonly contextLength: number;
  readonly operators: readonly GraphOperator[];
  /** The results of a run, in this order; at least one. The first output of a language model is its logits. */
  readonly outputs: readonly GraphOutput[];
}

/** A value, after the last operator that writes it. */
export interface GraphOutput {
  readonly value: ValueName;
  /** The length of a token's row. */
  readonly width: number;
}

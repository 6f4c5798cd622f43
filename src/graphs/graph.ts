import type { ValueName } from './operators/operator.js';
import type { GraphOperator } from './operators/table.js';

/**
 * A model's computation as data: operators in the order in which they run, over named float32 values of shape
 * (tokens, width). An architecture's file in `graphs/` builds it; the engine checks and runs it.
 */
export interface Graph {
  /** `general.architecture`. */
  readonly architecture: string;
  /** Tokens of the vocabulary: those from 0 on may be run. */
  readonly vocabulary: number;
  /** Positions that the model was trained for. */
  readonly contextLength: number;
  readonly operators: readonly GraphOperator[];
  /** What a run answers with, in this order: at least one. A language model's first output is its logits. */
  readonly outputs: readonly GraphOutput[];
}

/** A value as the last operator that writes it leaves it. */
export interface GraphOutput {
  readonly value: ValueName;
  /** Numbers of a token's row. */
  readonly width: number;
}

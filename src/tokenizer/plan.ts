import type { KindOptions } from './context.js';
import type { KindName } from './kinds.js';
import type { StepName } from './steps.js';

/** How a family of models finds and writes its vocabulary. */
export interface TokenizerPlan extends KindOptions {
  /** Steps that run before the kind writes. */
  readonly before?: readonly StepName[];
  /** The kinds to try in order. The first that applies to the repository writes the vocabulary. */
  readonly kinds: readonly KindName[];
  /** The vocabulary's size is rounded up to a multiple of it, or of a field of config.json where that is there. */
  readonly multiple?: number | readonly [field: string, otherwise: number];
  /** Steps that run between the tokens and what all kinds have behind them. SentencePiece runs them. */
  readonly between?: readonly StepName[];
  /** Steps that run after the kind has written. */
  readonly after?: readonly StepName[];
}

/** The plan of families that name none. */
export const BPE_ALONE: TokenizerPlan = { kinds: ['bpe'] };

import type { KindName } from './kinds.js';
import type { StepName } from './steps.js';

/** How a family of models finds and writes its vocabulary. */
export interface TokenizerPlan {
  /** What is written before the tokens. */
  readonly before?: readonly StepName[];
  /** The first that applies to the repository is written. */
  readonly kinds: readonly KindName[];
  /** What is written behind everything else. */
  readonly after?: readonly StepName[];
}

/** Of families that name no plan. */
export const BPE_ALONE: TokenizerPlan = { kinds: ['bpe'] };

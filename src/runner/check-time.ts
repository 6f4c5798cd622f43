import { availableParallelism } from 'node:os';
import { findGraph } from '../graphs/registry.js';

/** Tokens of the bundled text, by the vocabularies of these years. */
const TOKENS = 5200;
/** Products and sums that one core computes in a second while a model runs: somewhat less than an idle one. */
const RATE = 50e9;

/**
 * Seconds that a check takes roughly for each model, and for the base once more, on this machine and the bundled text. Of a
 * mixture of experts it is the most: each token runs through some of them.
 * @returns null for models that cannot be run.
 */
export function estimateCheckSeconds(architecture: string, parameters: number): number | null {
  return findGraph(architecture) ? (2 * parameters * TOKENS) / (RATE * availableParallelism()) : null;
}

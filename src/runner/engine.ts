import { UnsupportedError } from '../errors.js';
import type { Graph, WeightTensor } from './graph.js';

export interface EngineOptions {
  /** Positions that keys and values are kept for. */
  readonly contextLength: number;
  /** @default the machine's cores */
  readonly threads?: number;
}

/** What the inputs of a weight's matrix products were, column by column. */
export interface Activations {
  /** Sums of squares over all tokens seen: (columns), or (experts, columns). */
  readonly sums: Float32Array;
  /** Tokens seen: one, or one an expert. */
  readonly counts: Float32Array;
}

/** A model that is ready to run: the native side of src/runner (native/runner). */
export interface Engine {
  readonly graph: Graph;
  /**
   * Runs tokens at the positions from `past` on, after those that were run before at positions below it.
   * @param logitsFrom index of the first token whose logits are wanted.
   * @returns (tokens - logitsFrom, vocabulary) logits, valid until the next call.
   */
  run(tokens: Int32Array, past: number, logitsFrom: number): Promise<Float32Array>;
  /** From now on, the inputs of all matrix products are gathered (or no longer). */
  collect(on: boolean): void;
  /** By weight, since collecting was turned on. */
  activations(): Map<string, Activations>;
  close(): void;
}

/** A model's graph and tensors don't go together. */
export class GraphError extends UnsupportedError {}

/**
 * Checks that every operator has its tensors and that all shapes agree, then maps the files.
 * @throws GraphError, SourceError
 */
export declare function openEngine(graph: Graph, tensors: readonly WeightTensor[], options: EngineOptions): Engine;

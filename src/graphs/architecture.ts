import type { Graph } from './graph.js';
import type { ArchitectureKeys } from './keys.js';
import type { Weights } from './weights.js';

/** How one architecture computes. */
export interface ArchitectureGraph {
  /** `general.architecture`. */
  readonly architecture: string;
  /** Keys, without the architecture's name, that llama.cpp reads of it, but not of every model. */
  readonly reads: readonly string[];
  /** The tensors that belong to it, by its key-values. */
  weights(keys: ArchitectureKeys): Weights;
  /** What a model of it computes; `decoder` makes this function for most. @throws GraphKeyError */
  build(source: GraphSource): Graph;
}

/** What a graph is made for: a file's key-values, and the shapes of its tensors (row length first). */
export interface GraphSource {
  readonly keys: ArchitectureKeys;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

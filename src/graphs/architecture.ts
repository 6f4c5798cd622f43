import type { Graph } from './graph.js';
import type { ArchitectureKeys } from './keys.js';
import type { Weights } from './weights.js';

/** The graph of an architecture. */
export interface ArchitectureGraph {
  /** `general.architecture`. */
  readonly architecture: string;
  /** Keys, without the architecture's name, that llama.cpp reads for this architecture but not for every model. */
  readonly reads: readonly string[];
  /** The tensors that a model of it has, which depend on its key-values. */
  weights(keys: ArchitectureKeys): Weights;
  /** Builds the graph of a model. For most architectures `decoder` makes this function. @throws GraphKeyError */
  build(source: GraphSource): Graph;
}

/** What `build` needs: the key-values of a file, and the shapes of its tensors (row length first). */
export interface GraphSource {
  readonly keys: ArchitectureKeys;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

import { SourceError, UnsupportedError } from '../errors.js';
import type { KeyValues } from '../gguf/key-values.js';
import type { ArchitectureGraph } from './architecture.js';
import type { Graph } from './graph.js';
import { ArchitectureKeys } from './keys.js';
import { llama } from './llama.js';
import { mistral3 } from './mistral3.js';
import { weightsOf } from './operators/table.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';
import { smollm3 } from './smollm3.js';
import type { WeightTensor } from './weight-tensor.js';

/** All architectures that run; a new one gets its line here. */
export const GRAPHS: readonly ArchitectureGraph[] = [llama, mistral3, qwen2, qwen3, smollm3];

/** The runner has no graph for the architecture. */
export class NoGraphError extends UnsupportedError {}
/** A tensor that the graph needs is missing. */
export class MissingTensorError extends SourceError {}
/** The model has parts that the graph of its architecture does not have. */
export class UnknownPartError extends UnsupportedError {}

/** The graph of an architecture; undefined if there is none. */
export function findGraph(architecture: string): ArchitectureGraph | undefined {
  return GRAPHS.find((graph) => graph.architecture === architecture);
}

/** Builds the graph of a model from a file's key-values and the shapes of its tensors. */
export function buildGraph(kv: KeyValues, tensors: readonly Pick<WeightTensor, 'name' | 'ne'>[]): Graph {
  const keys = new ArchitectureKeys(kv);
  const found = findGraph(keys.architecture);
  if (keys.architecture === '') {
    throw new NoGraphError('The file names no architecture (general.architecture): it is no model.', 'Give a model.');
  }
  if (!found) {
    throw new NoGraphError(
      `Models of the architecture ${JSON.stringify(keys.architecture.slice(0, 60))} can't be run.`,
      `Those of ${GRAPHS.map(({ architecture }) => architecture).join(', ')} can.`,
    );
  }
  if (keys.isFalse('attention.causal')) {
    throw new UnknownPartError(
      `The model is an encoder (${found.architecture}.attention.causal), which can't be run.`,
      'Run a model that generates text.',
    );
  }
  const graph = found.build({ keys, shapes: new Map(tensors.map(({ name, ne }) => [name, ne])) });
  compareTensors(graph, tensors);
  return graph;
}

/** Refuses tensors that the graph does not use, as llama.cpp does: the graph would compute another model. */
function compareTensors({ architecture, operators }: Graph, tensors: readonly Pick<WeightTensor, 'name'>[]): void {
  const known = new Set(operators.flatMap(weightsOf));
  const unknown = tensors.find(({ name }) => !known.delete(name));
  const [missing] = known;
  if (unknown) {
    throw new UnknownPartError(
      `The graph of ${architecture} has no place for the tensor ${unknown.name}.`,
      'This variant of the architecture is not run yet.',
    );
  }
  if (missing !== undefined) {
    throw new MissingTensorError(
      `The model has no tensor ${missing}.`,
      'Get the whole file, or convert the model again.',
    );
  }
}

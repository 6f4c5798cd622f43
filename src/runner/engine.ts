import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { SourceError } from '../errors.js';
import { GGML_TYPES } from '../gguf/types.js';
import type { Graph } from '../graphs/graph.js';
import type { WeightTensor } from '../graphs/weight-tensor.js';
import { addon, currentTarget, type InstructionSet, targetFor } from '../quantize/native.js';
import { DescriptorLimitError } from '../system-limits.js';
import { type CompiledGraph, compileGraph, type NativeOperator, type ShapedWeight } from './compile.js';
import { checkMemory, RunnerMemoryError } from './memory.js';

export { GraphError } from '../graphs/operators/operator.js';
export { RunnerMemoryError } from './memory.js';

export interface EngineOptions {
  /** The number of positions for which keys and values are kept. */
  readonly contextLength: number;
  /** @default the machine's cores */
  readonly threads?: number;
  /** The instruction set, for tests. @default the best that works */
  readonly on?: InstructionSet;
}

/** Statistics of the inputs of a weight's matrix products, for each column. */
export interface Activations {
  /** Sums of squares over all tokens seen: (columns), or (experts, columns). */
  readonly sums: Float32Array;
  /** Numbers of tokens seen: (1), or (experts). */
  readonly counts: Float32Array;
}

/** The outputs of a graph: for each the requested rows, (tokens, width). */
export type Outputs = readonly [Float32Array, ...Float32Array[]];

/** A model that is ready to run. It is implemented in native/runner. */
export interface Engine {
  readonly graph: Graph;
  /**
   * Runs tokens at the positions from `past` on. They follow the tokens that were run before at lower positions. The
   * sums of a token are taken in the same order in every batch, and on any number of threads.
   * @param past if an operator keeps state that cannot be taken back (`Memory.fixed`): the number of tokens run so far,
   * or 0 for another text.
   * @param from the index of the first token whose outputs are needed.
   * @returns the outputs of the graph in order, each (tokens - from, width). They are valid until the next call.
   * @throws WeightsFileError if a file was cut or changed since it was opened; RunnerMemoryError, UnknownTokenError.
   * RangeError for positions beyond the context.
   */
  run(tokens: Int32Array, past: number, from: number): Promise<Outputs>;
  /** Starts or stops collecting statistics of the inputs of all matrix products. */
  collect(on: boolean): void;
  /** The statistics by weight, since collecting started. */
  activations(): Map<string, Activations>;
  close(): void;
}

/** A file of weights is missing, too short, or was changed. */
export class WeightsFileError extends SourceError {}

/** The vocabulary has a token that the tensors do not have. */
export class UnknownTokenError extends SourceError {}

/** The model description that native/addon/runner.cpp takes. Weights and values are given by index. */
interface NativeSpec {
  readonly target: InstructionSet;
  readonly threads: number;
  readonly contextLength: number;
  /** The width of each value. */
  readonly widths: readonly number[];
  /** The indices of the values that are outputs. */
  readonly outputs: readonly number[];
  readonly weights: readonly NativeWeight[];
  readonly operators: readonly NativeOperator[];
}

interface NativeWeight {
  readonly target: InstructionSet;
  readonly type: number;
  readonly columns: number;
  readonly rows: number;
  readonly matrices: number;
  readonly path?: string;
  readonly offset?: number;
  readonly bytes?: Uint8Array;
}

interface NativeRunner {
  run(tokens: Int32Array, past: number, from: number, outputs: readonly Float32Array[]): Promise<void>;
  collect(on: boolean): void;
  activations(weight: number): Activations | undefined;
  close(): void;
}

interface RunnerAddon {
  readonly Runner: new (spec: NativeSpec) => NativeRunner;
}

/** The longest context: the rotary embedding computes positions in float32. */
export const MAX_CONTEXT = 2 ** 24;
const MAX_THREADS = 512;

/**
 * Checks that every operator has its tensors, that all shapes agree and that memory suffices. Then it maps the files.
 * @throws GraphError, WeightsFileError, RunnerMemoryError, DescriptorLimitError
 */
export function openEngine(graph: Graph, tensors: readonly WeightTensor[], options: EngineOptions): Engine {
  const { contextLength, on } = options;
  const threads = Math.min(options.threads ?? availableParallelism(), MAX_THREADS);
  requireCount('contextLength', contextLength, MAX_CONTEXT);
  requireCount('threads', threads, MAX_THREADS);
  const compiled = compileGraph(graph, tensors);
  const { operators, widths, weights, outputs } = compiled;
  checkFiles(weights);
  checkMemory(compiled, { contextLength, threads });
  const native = weights.map((weight) => toNative(weight, on));
  const spec = { target: on ?? currentTarget(), threads, contextLength, widths, outputs, operators, weights: native };
  try {
    const runner = new (addon() as unknown as RunnerAddon).Runner(spec);
    return new NativeEngine(runner, graph, compiled, contextLength);
  } catch (error) {
    throw typed(error);
  }
}

function requireCount(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new RangeError(`${name} is ${value}: a number from 1 to ${most} is needed`);
  }
}

/** Checks the sizes of the files. The native side checks again, but does not know the tensors' names. */
function checkFiles(weights: readonly ShapedWeight[]): void {
  const sizes = new Map<string, number>();
  for (const { tensor, size: bytes } of weights) {
    const { data, name } = tensor;
    if (data.kind !== 'file') {
      continue;
    }
    const size = sizes.get(data.path) ?? fileSize(data.path);
    sizes.set(data.path, size);
    const end = data.offset + bytes;
    if (!Number.isSafeInteger(data.offset) || data.offset < 0 || end > size) {
      throw new WeightsFileError(
        `The tensor ${name} ends at byte ${end} of ${data.path}, which has ${size}.`,
        'The file is incomplete: fetch or convert it again.',
      );
    }
  }
}

function fileSize(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) {
    throw new WeightsFileError(`${path} is no file.`, 'Look whether it was moved or removed.');
  }
  return stat.size;
}

function toNative({ tensor, columns, rows, matrices }: ShapedWeight, on: InstructionSet | undefined): NativeWeight {
  const { type, data } = tensor;
  const shape = { target: on ?? targetFor(type), type: GGML_TYPES[type][0], columns, rows, matrices };
  return data.kind === 'file' ? { ...shape, path: data.path, offset: data.offset } : { ...shape, bytes: data.bytes };
}

/** Turns an error of the native side into one for the user. An error that is a fault of this program stays as it is. */
function typed(error: unknown): unknown {
  const { code, message } = error as { code?: string; message: string };
  if (code === 'DESCRIPTORS') {
    return new DescriptorLimitError({ cause: error });
  }
  if (code === 'FILE') {
    return new WeightsFileError(`${message}.`, 'Leave the file alone while it is in use, and try again.');
  }
  if (code === 'MEMORY') {
    return noMemory();
  }
  return error;
}

function noMemory(): RunnerMemoryError {
  return new RunnerMemoryError('There is not enough memory to run the model.', 'Choose a shorter context (--ctx).');
}

class NativeEngine implements Engine {
  readonly #buffers: Float32Array[] = [];
  /** The number of positions that have been run. */
  #filled = 0;
  #running = false;

  constructor(
    readonly native: NativeRunner,
    readonly graph: Graph,
    readonly compiled: CompiledGraph,
    readonly contextLength: number,
  ) {}

  async run(tokens: Int32Array, past: number, from: number): Promise<Outputs> {
    this.#check(tokens, past, from);
    this.#running = true;
    try {
      const outputs = this.graph.outputs.map(({ width }, i) => this.#room(i, (tokens.length - from) * width));
      // A failed run can leave anything at its positions.
      this.#filled = this.#goesBack ? past : 0;
      await this.native.run(tokens, past, from, outputs);
      this.#filled = past + tokens.length;
      // A graph without outputs is refused when it is compiled.
      return outputs as unknown as Outputs;
    } catch (error) {
      throw typed(error);
    } finally {
      this.#running = false;
    }
  }

  /** The memory for an output. It grows to the most rows that a caller requests at once. @throws RunnerMemoryError */
  #room(output: number, size: number): Float32Array {
    const known = this.#buffers[output];
    if (known && known.length >= size) {
      return known.subarray(0, size);
    }
    try {
      this.#buffers[output] = new Float32Array(size);
    } catch {
      throw noMemory();
    }
    return this.#buffers[output];
  }

  /** Whether operators keep only data that belongs to positions, so that earlier positions can be run again. */
  get #goesBack(): boolean {
    return this.compiled.memory.fixed === 0;
  }

  #check(tokens: Int32Array, past: number, from: number): void {
    if (this.#running) {
      throw new Error('the engine runs already: wait for its answer first');
    }
    if (!Number.isInteger(past) || past < 0 || past > this.#filled || past + tokens.length > this.contextLength) {
      throw new RangeError(
        `${tokens.length} tokens at position ${past}: ${this.#filled} of ${this.contextLength} positions are filled`,
      );
    }
    if (!this.#goesBack && past !== 0 && past !== this.#filled) {
      throw new RangeError(`the model can go on at position ${this.#filled} or begin at 0, and not at ${past}`);
    }
    if (!Number.isInteger(from) || from < 0 || from > tokens.length) {
      throw new RangeError(`there is no token ${from} in ${tokens.length}`);
    }
    const unknown = tokens.find((token) => token < 0 || token >= this.graph.vocabulary);
    if (unknown !== undefined) {
      throw new UnknownTokenError(
        `The text has the token ${unknown}, but the model's tensors have rows for ${this.graph.vocabulary} tokens.`,
        'Its vocabulary and its tensors do not go together: convert the model again.',
      );
    }
  }

  collect(on: boolean): void {
    try {
      this.native.collect(on);
    } catch (error) {
      throw typed(error);
    }
  }

  activations(): Map<string, Activations> {
    const all = new Map<string, Activations>();
    for (const [index, { tensor }] of this.compiled.weights.entries()) {
      const found = this.native.activations(index);
      if (found) {
        all.set(tensor.name, found);
      }
    }
    return all;
  }

  close(): void {
    this.native.close();
  }
}

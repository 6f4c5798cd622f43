import { blockSize, type GgmlType, rowBytes } from '../gguf/types.js';
import type { Graph, GraphOutput } from '../graphs/graph.js';
import { contradiction, type Matrices, type Matrix, type Memory, type Shapes } from '../graphs/operators/operator.js';
import { type AnyOperator, findOperator, namesOf } from '../graphs/operators/table.js';
import type { WeightTensor } from '../graphs/weight-tensor.js';

/** An operator as native/runner/operators.h takes it: values and weights are given by index. */
export interface NativeOperator {
  readonly op: string;
  readonly [key: string]: number | string;
}

/** A tensor that the graph uses. It consists of matrices of equal shape, mostly of one. */
export interface ShapedWeight extends Matrices {
  readonly tensor: WeightTensor;
  /** Bytes of all matrices together. */
  readonly size: number;
}

/** A graph with indices in place of names. */
export interface CompiledGraph {
  readonly operators: readonly NativeOperator[];
  /** The width of each value. */
  readonly widths: readonly number[];
  readonly weights: readonly ShapedWeight[];
  /** The indices of the values that are outputs. */
  readonly outputs: readonly number[];
  /**
   * The memory of all operators together. Of the memory that operators need while they run, the largest amount counts.
   */
  readonly memory: Required<Memory>;
}

/** Types that only tensors of metadata have. */
const NO_WEIGHTS: readonly GgmlType[] = ['I8', 'I16', 'I32', 'I64', 'F64'];
const MAX_WIDTH = 2 ** 24;

/**
 * Replaces names by indices. It checks that every operator reads values that are written, that its tensors exist, and
 * that widths agree.
 * @throws GraphError
 */
export function compileGraph(graph: Graph, tensors: readonly WeightTensor[]): CompiledGraph {
  const scope = new Scope(tensors, graph.vocabulary);
  const operators = graph.operators.map((operator) => compileOperator(operator, scope));
  return { operators, ...scope.finish(graph.outputs) };
}

function compileOperator(operator: AnyOperator, scope: Scope): NativeOperator {
  const { op } = operator;
  const kind = findOperator(op);
  if (!kind) {
    throw contradiction(`there is no operator ${op}`);
  }
  const inputs = namesOf(operator, kind.inputs);
  const weights = namesOf(operator, kind.weights);
  const output = String(operator[kind.output]);
  if (!kind.inPlace && inputs.some(([, name]) => name === output)) {
    throw contradiction(`the operator ${op} replaces its own input ${output}`);
  }
  const width = kind.width(operator, scope);
  scope.need(kind.memory?.(operator, scope) ?? {});
  return {
    op,
    ...(kind.numbers?.(operator) ?? numbersOf(operator)),
    ...Object.fromEntries(weights.map(([field, name]) => [field, scope.weight(name)])),
    ...Object.fromEntries(inputs.map(([field, name]) => [field, scope.read(name)])),
    [kind.output]: scope.write(output, width),
  };
}

function numbersOf(operator: AnyOperator): Record<string, number> {
  return Object.fromEntries(
    Object.entries(operator).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

/** The values and weights that are known so far while a graph is compiled. */
class Scope implements Shapes {
  readonly #tensors: ReadonlyMap<string, WeightTensor>;
  readonly #values = new Map<string, { index: number; width: number }>();
  readonly #weights = new Map<string, ShapedWeight & { index: number }>();
  readonly #memory = { perPosition: 0, fixed: 0, perToken: 0 };

  constructor(
    tensors: readonly WeightTensor[],
    readonly vocabulary: number,
  ) {
    this.#tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  width(name: string): number {
    return this.#value(name).width;
  }

  read(name: string): number {
    return this.#value(name).index;
  }

  #value(name: string): { index: number; width: number } {
    const value = this.#values.get(name);
    if (!value) {
      throw contradiction(`${name} is read before it is written`);
    }
    return value;
  }

  write(name: string, width: number): number {
    const known = this.#values.get(name);
    if (width > MAX_WIDTH || (known && known.width !== width)) {
      throw contradiction(`${name} is ${width} wide${known ? `, and was ${known.width}` : ''}`);
    }
    const value = known ?? { index: this.#values.size, width };
    this.#values.set(name, value);
    return value.index;
  }

  weight(name: string): number {
    return this.#weight(name).index;
  }

  matrices(name: string): Matrices {
    return this.#weight(name);
  }

  matrix(name: string): Matrix {
    const weight = this.#weight(name);
    if (weight.matrices !== 1) {
      throw contradiction(`the tensor ${name} has the shape ${shapeOf(weight.tensor)}, where one matrix is needed`);
    }
    return weight;
  }

  vector(name: string, length: number): void {
    const { columns, rows } = this.matrix(name);
    if (columns !== length || rows !== 1) {
      throw contradiction(`the tensor ${name} is ${columns} × ${rows}, where ${length} numbers are needed`);
    }
  }

  #weight(name: string): ShapedWeight & { index: number } {
    const known = this.#weights.get(name);
    if (known) {
      return known;
    }
    const tensor = this.#tensors.get(name);
    if (!tensor) {
      throw contradiction(`the tensor ${name} is missing`);
    }
    const weight = { ...shaped(tensor), index: this.#weights.size };
    this.#weights.set(name, weight);
    return weight;
  }

  need({ perPosition = 0, fixed = 0, perToken = 0 }: Memory): void {
    this.#memory.perPosition += perPosition;
    this.#memory.fixed += fixed;
    this.#memory.perToken = Math.max(this.#memory.perToken, perToken);
  }

  finish(wanted: readonly GraphOutput[]): Omit<CompiledGraph, 'operators'> {
    if (wanted.length === 0) {
      throw contradiction('no value comes out');
    }
    const outputs = wanted.map(({ value, width }) => {
      const found = this.#value(value);
      if (found.width !== width) {
        throw contradiction(`${value} of ${found.width} come out, where ${width} are wanted`);
      }
      return found.index;
    });
    const widths = [...this.#values.values()].map(({ width }) => width);
    return { widths, weights: [...this.#weights.values()], outputs, memory: this.#memory };
  }
}

function shaped(tensor: WeightTensor): ShapedWeight {
  const { name, type, ne, data } = tensor;
  const [columns = 1, rows = 1, matrices = 1, ...others] = ne;
  const whole = ne.every((length) => Number.isInteger(length) && length >= 1 && length <= MAX_WIDTH);
  if (!whole || others.some((length) => length !== 1) || columns % blockSize(type) !== 0) {
    throw contradiction(`the tensor ${name} has the shape ${shapeOf(tensor)}`);
  }
  if (NO_WEIGHTS.includes(type)) {
    throw contradiction(`the tensor ${name} has the type ${type}`);
  }
  const size = matrices * rows * rowBytes(type, columns);
  if (data.kind === 'memory' && data.bytes.length !== size) {
    throw contradiction(`the tensor ${name} has ${data.bytes.length} bytes`);
  }
  return { tensor, columns, rows, matrices, size };
}

function shapeOf({ ne }: WeightTensor): string {
  return ne.join(' × ');
}

import { UnsupportedError } from '../errors.js';
import { blockSize, type GgmlType, rowBytes } from '../gguf/types.js';
import type { Graph, Operator, Rope, WeightTensor } from '../graphs/graph.js';

/** A model's graph and tensors don't go together. */
export class GraphError extends UnsupportedError {}

/** An operator of native/runner/operators.cpp: values and weights by number. */
export interface NativeOperator {
  readonly op: string;
  readonly [key: string]: number | string;
}

/** A tensor that the graph uses, as a matrix. */
export interface ShapedWeight {
  readonly tensor: WeightTensor;
  readonly columns: number;
  readonly rows: number;
}

export interface CompiledGraph {
  readonly operators: readonly NativeOperator[];
  /** Of the values; the last is the logits. */
  readonly widths: readonly number[];
  readonly weights: readonly ShapedWeight[];
}

/** The value that the last operator writes. */
const LOGITS = 'logits';
/** Types that only metadata comes in. */
const NO_WEIGHTS: readonly GgmlType[] = ['I8', 'I16', 'I32', 'I64', 'F64'];
const MAX_WIDTH = 2 ** 24;

/**
 * Numbers for names, after a check that each operator reads what was written, finds its tensors, and that widths agree.
 * @throws GraphError
 */
export function compileGraph(graph: Graph, tensors: readonly WeightTensor[]): CompiledGraph {
  const scope = new Scope(tensors, graph.vocabulary);
  const operators = graph.operators.map((operator) =>
    ((COMPILE[operator.op] as Compile<Operator['op']> | undefined) ?? unknownOperator)(operator, scope),
  );
  return { operators, ...scope.finish() };
}

function unknownOperator({ op }: Operator): never {
  throw contradiction(`there is no operator ${op}`);
}

function contradiction(what: string): GraphError {
  return new GraphError(`The model cannot be run: ${what}.`, 'The file may be damaged: convert the model again.');
}

type Compile<Name extends Operator['op']> = (operator: Extract<Operator, { op: Name }>, scope: Scope) => NativeOperator;

/** The shapes that each operator wants. A further operator: its line here, and native/runner/operators.h. */
const COMPILE: { readonly [Name in Operator['op']]: Compile<Name> } = {
  embed({ op, weight, output }, scope) {
    const { columns, rows } = scope.shape(weight);
    if (rows < scope.vocabulary) {
      throw contradiction(`the tensor ${weight} has ${rows} rows for a vocabulary of ${scope.vocabulary}`);
    }
    return { op, weight: scope.weight(weight), output: scope.write(output, columns) };
  },

  'rms-norm'({ op, input, weight, epsilon, groups, output }, scope) {
    const width = scope.width(input);
    const norm = scope.vector(weight, divide(width, groups, input));
    return { op, input: scope.read(input), weight: norm, epsilon, groups, output: scope.write(output, width) };
  },

  'mat-mul'({ op, input, weight, bias, output }, scope) {
    const { columns, rows } = scope.shape(weight);
    const width = scope.width(input);
    if (columns !== width) {
      throw contradiction(`the tensor ${weight} has rows of ${columns}, but its input is ${width} wide`);
    }
    if (input === output) {
      throw contradiction(`the product with ${weight} replaces its own input`);
    }
    const named = { op, input: scope.read(input), weight: scope.weight(weight), output: scope.write(output, rows) };
    return bias === undefined ? named : { ...named, bias: scope.vector(bias, rows) };
  },

  rope({ op, value, heads, rope }, scope) {
    const head = divide(scope.width(value), heads, value);
    const { dimensions } = rope;
    if (!Number.isInteger(dimensions) || dimensions < 2 || dimensions % 2 !== 0 || dimensions > head) {
      throw contradiction(`${dimensions} dimensions of a head of ${head} cannot be rotated`);
    }
    return { op, value: scope.read(value), heads, ...ropeNumbers(rope, scope) };
  },

  attention({ op, layer, query, key, value, heads, kvHeads, scale, output }, scope) {
    const keyWidth = divide(scope.width(key), kvHeads, key);
    const valueWidth = divide(scope.width(value), kvHeads, value);
    divide(heads, kvHeads, 'the query heads');
    if (scope.width(query) !== heads * keyWidth) {
      throw contradiction(`block ${layer} has queries of ${scope.width(query)} and keys of ${keyWidth} for each head`);
    }
    if (output === query || output === key || output === value) {
      throw contradiction(`the attention of block ${layer} replaces its own input`);
    }
    scope.claimLayer(layer);
    const inputs = { query: scope.read(query), key: scope.read(key), value: scope.read(value) };
    return { op, ...inputs, heads, kvHeads, scale, output: scope.write(output, heads * valueWidth) };
  },

  add: ({ op, left, right, output }, scope) => elementWise(op, { left, right }, output, scope),
  'gated-silu': ({ op, gate, up, output }, scope) => elementWise(op, { gate, up }, output, scope),

  'scale-by-position'({ op, value, scale, floor, offset }, scope) {
    return { op, value: scope.read(value), scale, floor, offset };
  },
};

function elementWise(op: string, inputs: Record<string, string>, output: string, scope: Scope): NativeOperator {
  const names = Object.values(inputs);
  const [width = 0, ...others] = names.map((name) => scope.width(name));
  if (others.some((other) => other !== width)) {
    throw contradiction(`${names.join(' and ')} are not of the same width`);
  }
  const read = Object.entries(inputs).map(([key, name]) => [key, scope.read(name)] as const);
  return { op, ...Object.fromEntries(read), output: scope.write(output, width) };
}

function ropeNumbers(rope: Rope, scope: Scope): Record<string, number> {
  const { pairs, dimensions, base, scale, factors, yarn } = rope;
  return {
    ...{ halves: Number(pairs === 'halves'), dimensions, base, scale },
    ...(factors !== undefined && { factors: scope.vector(factors, dimensions / 2) }),
    ...yarn,
  };
}

function divide(width: number, parts: number, of: string): number {
  const part = width / parts;
  if (!Number.isInteger(parts) || parts < 1 || !Number.isInteger(part)) {
    throw contradiction(`${of} of ${width} cannot be divided by ${parts}`);
  }
  return part;
}

/** What is known while a graph is gone through. */
class Scope {
  readonly #tensors: ReadonlyMap<string, WeightTensor>;
  readonly #values = new Map<string, { index: number; width: number }>();
  readonly #weights = new Map<string, ShapedWeight & { index: number }>();
  readonly #layers = new Set<number>();

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
    if (this.#values.has(LOGITS)) {
      throw contradiction(`${name} is written after the ${LOGITS}`);
    }
    if (width > MAX_WIDTH || (known && known.width !== width)) {
      throw contradiction(`${name} is ${width} wide${known ? `, and was ${known.width}` : ''}`);
    }
    const value = known ?? { index: this.#values.size, width };
    this.#values.set(name, value);
    return value.index;
  }

  shape(name: string): { columns: number; rows: number } {
    return this.#weight(name);
  }

  weight(name: string): number {
    return this.#weight(name).index;
  }

  vector(name: string, length: number): number {
    const { index, columns, rows } = this.#weight(name);
    if (columns !== length || rows !== 1) {
      throw contradiction(`the tensor ${name} is ${columns} × ${rows}, where ${length} numbers are needed`);
    }
    return index;
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

  claimLayer(layer: number): void {
    if (this.#layers.has(layer)) {
      throw contradiction(`block ${layer} keeps its keys and values twice`);
    }
    this.#layers.add(layer);
  }

  finish(): Pick<CompiledGraph, 'widths' | 'weights'> {
    const values = [...this.#values.entries()];
    const last = values.at(-1);
    if (last?.[0] !== LOGITS || last[1].width !== this.vocabulary) {
      throw contradiction(`${last?.[0]} of ${last?.[1].width} come out, where ${this.vocabulary} ${LOGITS} are wanted`);
    }
    return { widths: values.map(([, { width }]) => width), weights: [...this.#weights.values()] };
  }
}

function shaped(tensor: WeightTensor): ShapedWeight {
  const { name, type, ne, data } = tensor;
  const [columns = 1, rows = 1, ...others] = ne;
  const whole = ne.every((length) => Number.isInteger(length) && length >= 1 && length <= MAX_WIDTH);
  if (!whole || others.some((length) => length !== 1) || columns % blockSize(type) !== 0) {
    throw contradiction(`the tensor ${name} has the shape ${ne.join(' × ')}`);
  }
  if (NO_WEIGHTS.includes(type)) {
    throw contradiction(`the tensor ${name} has the type ${type}`);
  }
  if (data.kind === 'memory' && data.bytes.length !== rows * rowBytes(type, columns)) {
    throw contradiction(`the tensor ${name} has ${data.bytes.length} bytes`);
  }
  return { tensor, columns, rows };
}

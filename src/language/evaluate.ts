import type { Json } from '../json.js';
import * as read from './fields.js';
import { ConfigFieldError, type FieldSource, object, show } from './fields.js';
import type { Condition, Derived, KeyType, LayerTest, MathName, PartName, Probed, Scalar, Value } from './value.js';

/** What the names in a formula are of. */
export interface Scope {
  readonly config: FieldSource;
  part(name: PartName): FieldSource | undefined;
  derive(name: string): Derived;
  /** What was read of the weights; none of tensors that are missing. */
  probe(id: string): Probed | undefined;
  /** How many blocks the model has. */
  blockCount(): number;
  /** The block whose tensor is transformed. */
  readonly block?: number | undefined;
}

/** What a value is read as: the type of a key, or whatever config.json has. */
type Kind = KeyType | 'any';
const READ: Readonly<Record<Kind, read.Field<Json>>> = {
  ...{ u32: read.integer, i32: read.number, f32: read.number, bool: read.boolean, string: read.string, any: read.any },
  ...{ 'i32[]': read.integers, 'f32[]': read.numbers, 'bool[]': read.integers, 'u64[]': read.integers },
  ...{ 'string[]': read.strings, 'u32|i32[]': read.integer },
};

/** What is done about each form of something; the field that a form is told by comes first of those that it has. */
type Table<Form extends object, Rest extends readonly unknown[], Result> = {
  readonly [Key in Form extends unknown ? keyof Form : never]?: (
    form: Extract<Form, Readonly<Record<Key, unknown>>>,
    ...rest: Rest
  ) => Result;
};

function applied<Form extends object, Rest extends readonly unknown[], Result>(
  table: Table<Form, Rest, Result>,
  form: Form,
  ...rest: Rest
): Result {
  const [, own] = Object.entries(table).find(([key]) => key in form) as [string, (form: Form, ...rest: Rest) => Result];
  return own(form, ...rest);
}

const VALUES: Table<Value, [kind: Kind, scope: Scope], Json | Derived> = {
  fields({ fields, of, required, or }, kind, scope) {
    const source = partOf(of, scope);
    if (!source) {
      return or;
    }
    const isList = kind === 'u32|i32[]' && Array.isArray(read.any.optional(source, ...fields));
    const own = isList ? read.integers : READ[kind];
    return (required ? own : own.optional)(source, ...fields) ?? or;
  },
  first: ({ first }, kind, scope) =>
    first.reduce<Json | Derived>((found, each) => found ?? applied(VALUES, each, kind, scope), undefined),
  probe({ probe, required }, kind, scope) {
    const found = scope.probe(probe);
    if (found === undefined && required) {
      throw new ConfigFieldError(`The checkpoint lacks a tensor that a key follows from (${probe}).`);
    }
    return Array.isArray(found) && !kind.endsWith(']') ? found[0] : found;
  },
  value: ({ value }) => value,
  derive: ({ derive }, _, scope) => scope.derive(derive),
  element({ of, element }, _, scope) {
    const list = typedValue(of, 'f32[]', scope);
    return typeof list === 'object' ? list[element] : undefined;
  },
  block: (_, __, { block }) => block,
  math: ({ math, of }, _, scope) => calculated(math, of, scope),
  layers: perLayer,
};

/** The value of a key. @throws ConfigFieldError where a field is of another kind than the key, or is missing */
export function typedValue(from: Value, type: KeyType, scope: Scope): Derived {
  return applied(VALUES, from, type, scope) as Derived;
}

/** A value as config.json has it, of whatever kind: what conditions compare. Null counts as missing. */
export function rawValue(from: Value, scope: Scope): Json | undefined {
  return applied(VALUES, from, 'any', scope) as Json | undefined;
}

const CONDITIONS: Table<Condition, [scope: Scope], boolean> = {
  all: ({ all }, scope) => all.every((part) => holds(part, scope)),
  any: ({ any }, scope) => any.some((part) => holds(part, scope)),
  not: ({ not }, scope) => !holds(not, scope),
  exists: ({ field, exists }, { config }) => (config.hparams[field] !== undefined) === exists,
  set({ set }, scope) {
    const value = rawValue(set, scope);
    return Array.isArray(value) ? value.length > 0 : Boolean(value);
  },
  above({ value, above }, scope) {
    const number = rawValue(value, scope);
    return typeof number === 'number' && number > above;
  },
  is(own, scope) {
    const value = 'field' in own ? scope.config.hparams[own.field] : rawValue('value' in own ? own.value : own, scope);
    return isAmong(own.is, value);
  },
};

const isAmong = (wanted: Scalar | readonly Scalar[], value: Json | undefined) =>
  [wanted].flat().some((each) => each === value);

/** @throws ConfigFieldError where a derivation or a value does */
export function holds(condition: Condition | undefined, scope: Scope): boolean {
  return condition === undefined || applied(CONDITIONS, condition, scope);
}

const LAYER_TESTS: Table<LayerTest, [block: number, scope: Scope], boolean> = {
  not: ({ not }, block, scope) => !isLayer(not, block, scope),
  every(test, block, scope) {
    const every = typedValue(test.every, 'u32', scope);
    const after = typeof test.after === 'object' ? typedValue(test.after, 'i32', scope) : (test.after ?? 0);
    if (every === 0) {
      throw new ConfigFieldError('config.json asks for every layer whose number is a multiple of 0.');
    }
    return typeof every === 'number' && typeof after === 'number' && (block + after) % every === 0;
  },
  from(test, block, scope) {
    const from = typedValue(test.from, 'u32', scope);
    return typeof from === 'number' && block >= from;
  },
  among({ among, after = 0 }, block, scope) {
    const numbers = typedValue(among, 'i32[]', scope);
    return typeof numbers === 'object' && numbers.some((number) => number === block + after);
  },
  list({ list, is }, block, scope) {
    const elements = rawValue(list, scope);
    return Array.isArray(elements) && isAmong(is, elements[block]);
  },
};

/** Whether a test holds of a block. */
export function isLayer(test: LayerTest, block: number, scope: Scope): boolean {
  return applied(LAYER_TESTS, test, block, scope);
}

const MATH: Record<MathName, (left: number, right: number) => number> = {
  add: (left, right) => left + right,
  sub: (left, right) => left - right,
  mul: (left, right) => left * right,
  div: (left, right) => left / right,
  quotient: (left, right) => Math.floor(left / right),
  pow: (left, right) => left ** right,
  min: (left, right) => Math.min(left, right),
  max: (left, right) => Math.max(left, right),
};

function calculated(name: MathName, of: readonly Value[], scope: Scope): number | undefined {
  const operands = of.map((each) => typedValue(each, 'f32', scope));
  const values = operands.filter((value): value is number => typeof value === 'number');
  if (values.length < operands.length) {
    return undefined;
  }
  const result = values.reduce(MATH[name]);
  if (!Number.isFinite(result)) {
    throw new ConfigFieldError(`config.json asks for ${values.join(` ${name} `)}, which is no number.`);
  }
  return result;
}

type PerLayer = Extract<Value, { readonly layers: LayerTest }>;

function perLayer({ layers, yes, no }: PerLayer, kind: Kind, scope: Scope): Derived {
  const list = 'list' in layers ? rawValue(layers.list, scope) : undefined;
  if ('list' in layers && !Array.isArray(list)) {
    if (list === undefined) {
      return undefined;
    }
    throw new ConfigFieldError(`config.json has ${show(list)} where it has a value for each layer.`);
  }
  const element: Kind = kind === 'any' ? kind : kind === 'f32[]' ? 'f32' : 'u32|i32[]';
  const own = yes === undefined ? true : applied(VALUES, yes, element, scope);
  const other = no === undefined ? false : applied(VALUES, no, element, scope);
  if (own === undefined || other === undefined) {
    return undefined;
  }
  const size = Array.isArray(list) ? list.length : scope.blockCount();
  return Array.from({ length: size }, (_, i) => {
    const value = isLayer(layers, i, scope) ? own : other;
    const element = (Array.isArray(value) ? value[i] : value) ?? 0;
    return typeof element === 'string' ? element : Number(element);
  }) as number[] | string[];
}

function partOf(name: PartName | readonly string[] | undefined, scope: Scope): FieldSource | undefined {
  if (typeof name === 'string') {
    return scope.part(name);
  }
  return (name ?? []).reduce<FieldSource | undefined>((source, part) => {
    const hparams = source && object.optional(source, part);
    return hparams && { hparams, path: source.path === undefined ? part : `${source.path}.${part}` };
  }, scope.config);
}

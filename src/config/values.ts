import type { Json } from '../json.js';
import { type Derived, derive, type Known } from './derivations.js';
import { blockCount, ropeFields, ropeRoot } from './derive.js';
import * as read from './fields.js';
import { ConfigFieldError, type FieldSource, object, show } from './fields.js';
import type { Condition, KeyType, LayerTest, MathName, PartName, Scalar, Value } from './value.js';

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

const VALUES: Table<Value, [kind: Kind, known: Known], Json | Derived> = {
  fields({ fields, of, required, or }, kind, known) {
    const source = partOf(of, known);
    if (!source) {
      return or;
    }
    const isList = kind === 'u32|i32[]' && Array.isArray(read.any.optional(source, ...fields));
    const own = isList ? read.integers : READ[kind];
    return (required ? own : own.optional)(source, ...fields) ?? or;
  },
  first: ({ first }, kind, known) =>
    first.reduce<Json | Derived>((found, each) => found ?? applied(VALUES, each, kind, known), undefined),
  probe({ probe, required }, kind, known) {
    const found = known.probes?.get(probe);
    if (found === undefined && required) {
      throw new ConfigFieldError(`The checkpoint lacks a tensor that a key follows from (${probe}).`);
    }
    return Array.isArray(found) && !kind.endsWith(']') ? found[0] : found;
  },
  value: ({ value }) => value,
  derive: (from, _, known) => derive(from.derive, known),
  element({ of, element }, _, known) {
    const list = typedValue(of, 'f32[]', known);
    return typeof list === 'object' ? list[element] : undefined;
  },
  block: (_, __, { block }) => block,
  math: ({ math, of }, _, known) => calculated(math, of, known),
  layers: perLayer,
};

/** The value of a key. @throws ConfigFieldError where a field is of another kind than the key, or is missing */
export function typedValue(from: Value, type: KeyType, known: Known): Derived {
  return applied(VALUES, from, type, known) as Derived;
}

/** A value as config.json has it, of whatever kind: what conditions compare. Null counts as missing. */
export function rawValue(from: Value, known: Known): Json | undefined {
  return applied(VALUES, from, 'any', known) as Json | undefined;
}

const CONDITIONS: Table<Condition, [known: Known], boolean> = {
  all: ({ all }, known) => all.every((part) => holds(part, known)),
  any: ({ any }, known) => any.some((part) => holds(part, known)),
  not: ({ not }, known) => !holds(not, known),
  exists: ({ field, exists }, { config }) => (config.hparams[field] !== undefined) === exists,
  set({ set }, known) {
    const value = rawValue(set, known);
    return Array.isArray(value) ? value.length > 0 : Boolean(value);
  },
  above({ value, above }, known) {
    const number = rawValue(value, known);
    return typeof number === 'number' && number > above;
  },
  is(own, known) {
    const value = 'field' in own ? known.config.hparams[own.field] : rawValue('value' in own ? own.value : own, known);
    return isAmong(own.is, value);
  },
};

const isAmong = (wanted: Scalar | readonly Scalar[], value: Json | undefined) =>
  [wanted].flat().some((each) => each === value);

/** @throws ConfigFieldError where a derivation or a value does */
export function holds(condition: Condition | undefined, known: Known): boolean {
  return condition === undefined || applied(CONDITIONS, condition, known);
}

const LAYER_TESTS: Table<LayerTest, [block: number, known: Known], boolean> = {
  not: ({ not }, block, known) => !isLayer(not, block, known),
  every(test, block, known) {
    const every = typedValue(test.every, 'u32', known);
    const after = typeof test.after === 'object' ? typedValue(test.after, 'i32', known) : (test.after ?? 0);
    if (every === 0) {
      throw new ConfigFieldError('config.json asks for every layer whose number is a multiple of 0.');
    }
    return typeof every === 'number' && typeof after === 'number' && (block + after) % every === 0;
  },
  from(test, block, known) {
    const from = typedValue(test.from, 'u32', known);
    return typeof from === 'number' && block >= from;
  },
  among({ among, after = 0 }, block, known) {
    const numbers = typedValue(among, 'i32[]', known);
    return typeof numbers === 'object' && numbers.some((number) => number === block + after);
  },
  list({ list, is }, block, known) {
    const elements = rawValue(list, known);
    return Array.isArray(elements) && isAmong(is, elements[block]);
  },
};

/** Whether a test holds of a block. */
export function isLayer(test: LayerTest, block: number, known: Known): boolean {
  return applied(LAYER_TESTS, test, block, known);
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

function calculated(name: MathName, of: readonly Value[], known: Known): number | undefined {
  const operands = of.map((each) => typedValue(each, 'f32', known));
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

function perLayer({ layers, yes, no }: PerLayer, kind: Kind, known: Known): Derived {
  const list = 'list' in layers ? rawValue(layers.list, known) : undefined;
  if ('list' in layers && !Array.isArray(list)) {
    if (list === undefined) {
      return undefined;
    }
    throw new ConfigFieldError(`config.json has ${show(list)} where it has a value for each layer.`);
  }
  const element: Kind = kind === 'any' ? kind : kind === 'f32[]' ? 'f32' : 'u32|i32[]';
  const own = yes === undefined ? true : applied(VALUES, yes, element, known);
  const other = no === undefined ? false : applied(VALUES, no, element, known);
  if (own === undefined || other === undefined) {
    return undefined;
  }
  const size = Array.isArray(list) ? list.length : blockCount(known.config);
  return Array.from({ length: size }, (_, i) => {
    const value = isLayer(layers, i, known) ? own : other;
    const element = (Array.isArray(value) ? value[i] : value) ?? 0;
    return typeof element === 'string' ? element : Number(element);
  }) as number[] | string[];
}

function partOf(name: PartName | readonly string[] | undefined, known: Known): FieldSource | undefined {
  const { config } = known;
  if (name === undefined) {
    return config;
  }
  if (typeof name === 'string') {
    return PARTS[name](known);
  }
  return name.reduce<FieldSource | undefined>((source, part) => {
    const hparams = source && object.optional(source, part);
    return hparams && { hparams, path: source.path === undefined ? part : `${source.path}.${part}` };
  }, config);
}

const PARTS: Record<PartName, (known: Known) => FieldSource | undefined> = {
  rope: ({ config }) => ropeFields(config),
  rope_root: ({ config }) => ropeRoot(config),
  target: ({ facts }) => ({ hparams: facts.target(), path: "the target model's configuration" }),
  rope_sliding({ config }) {
    const root = ropeRoot(config);
    const sliding = object.optional(root, 'sliding_attention');
    return sliding && { hparams: sliding, path: `${root.path}.sliding_attention` };
  },
};

import { type Derived, derive, type Known } from '../config/derivations.js';
import { blockCount } from '../config/derive.js';
import * as read from '../config/fields.js';
import { ConfigFieldError, type FieldSource, optionalObject, show } from '../config/fields.js';
import { ropeFields, ropeRoot } from '../config/rope.js';
import type { Json } from '../json.js';
import type { KeyType, LayerTest, MathName, PartName, Value } from './architecture.js';

type Read = (source: FieldSource, ...names: string[]) => Derived;

const counts: Read = (source, ...names) =>
  (isList(source, names) ? read.optionalIntegers : read.optionalInteger)(source, ...names);

const READ: Record<KeyType, { readonly optional: Read; readonly required: Read }> = {
  u32: { optional: read.optionalInteger, required: read.integer },
  i32: { optional: read.optionalNumber, required: read.number },
  f32: { optional: read.optionalNumber, required: read.number },
  bool: { optional: read.optionalBoolean, required: read.boolean },
  string: { optional: read.optionalString, required: read.string },
  'u32|i32[]': {
    optional: counts,
    required: (source, ...names) => (isList(source, names) ? counts : read.integer)(source, ...names),
  },
  'i32[]': { optional: read.optionalIntegers, required: read.integers },
  'f32[]': { optional: read.optionalNumbers, required: read.numbers },
  'bool[]': { optional: read.optionalIntegers, required: read.integers },
  'u64[]': { optional: read.optionalIntegers, required: read.integers },
  'string[]': { optional: read.optionalStrings, required: read.strings },
};

function isList({ hparams }: FieldSource, names: readonly string[]): boolean {
  return Array.isArray(hparams[names.find((name) => hparams[name] !== undefined) ?? '']);
}

/** The value of a key. @throws ConfigFieldError where a field is of another kind than the key, or is missing */
export function typedValue(from: Value, type: KeyType, known: Known): Derived {
  if ('fields' in from) {
    const source = partOf(from.of, known);
    const value = source && READ[type][from.required ? 'required' : 'optional'](source, ...from.fields);
    return value ?? from.or;
  }
  if ('first' in from) {
    for (const each of from.first) {
      const value = typedValue(each, type, known);
      if (value !== undefined) {
        return value;
      }
    }
    return undefined;
  }
  if ('probe' in from) {
    const found = known.probes?.get(from.probe);
    if (found === undefined && from.required) {
      throw new ConfigFieldError(`The checkpoint lacks a tensor that a key follows from (${from.probe}).`);
    }
    return Array.isArray(found) && !type.endsWith(']') ? found[0] : found;
  }
  if ('value' in from) {
    return from.value;
  }
  if ('derive' in from) {
    return derive(from.derive, known);
  }
  if ('element' in from) {
    const list = typedValue(from.of, 'f32[]', known);
    return typeof list === 'object' ? list[from.element] : undefined;
  }
  if ('block' in from) {
    return known.block;
  }
  return 'math' in from ? calculated(from.math, from.of, known) : perLayer(from, type, known);
}

/** A value as config.json has it, of whatever kind: what conditions compare. Null counts as missing. */
export function rawValue(from: Value, known: Known): Json | undefined {
  if (!('fields' in from)) {
    return 'first' in from
      ? from.first.map((each) => rawValue(each, known)).find((value) => value !== undefined)
      : typedValue(from, 'f32', known);
  }
  const source = partOf(from.of, known);
  const name = from.fields.find((candidate) => source?.hparams[candidate] !== undefined);
  const value = (name === undefined ? undefined : source?.hparams[name]) ?? from.or;
  if (from.required && value === undefined) {
    throw new ConfigFieldError(`config.json has no ${from.fields.join(' or ')}.`);
  }
  return value;
}

/** Whether a test holds of a block. */
export function isLayer(test: LayerTest, block: number, known: Known): boolean {
  if ('every' in test) {
    const every = typedValue(test.every, 'u32', known);
    const after = typeof test.after === 'object' ? typedValue(test.after, 'i32', known) : (test.after ?? 0);
    return typeof every === 'number' && every > 0 && typeof after === 'number' && (block + after) % every === 0;
  }
  if ('not' in test) {
    return !isLayer(test.not, block, known);
  }
  if ('from' in test) {
    const from = typedValue(test.from, 'u32', known);
    return typeof from === 'number' && block >= from;
  }
  if ('among' in test) {
    const among = typedValue(test.among, 'i32[]', known);
    return typeof among === 'object' && among.some((number) => number === block + (test.after ?? 0));
  }
  const list = rawValue(test.list, known);
  return Array.isArray(list) && [test.is].flat().some((wanted) => wanted === list[block]);
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

function perLayer({ layers, yes, no }: PerLayer, type: KeyType, known: Known): Derived {
  const list = 'list' in layers ? rawValue(layers.list, known) : undefined;
  if ('list' in layers && !Array.isArray(list)) {
    if (list === undefined) {
      return undefined;
    }
    throw new ConfigFieldError(`config.json has ${show(list)} where it has a value for each layer.`);
  }
  const element: KeyType = type === 'f32[]' ? 'f32' : 'u32|i32[]';
  const own = yes === undefined ? true : typedValue(yes, element, known);
  const other = no === undefined ? false : typedValue(no, element, known);
  if (own === undefined || other === undefined) {
    return undefined;
  }
  const at = (value: Exclude<Derived, undefined>, i: number) => (typeof value === 'object' ? value[i] : value);
  const size = Array.isArray(list) ? list.length : blockCount(known.config);
  return Array.from({ length: size }, (_, i) => Number(at(isLayer(layers, i, known) ? own : other, i) ?? 0));
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
    const hparams = source && optionalObject(source, part);
    return hparams && { hparams, path: source.path === undefined ? part : `${source.path}.${part}` };
  }, config);
}

const PARTS: Record<PartName, (known: Known) => FieldSource | undefined> = {
  rope: ({ config }) => ropeFields(config),
  rope_root: ({ config }) => ropeRoot(config),
  target: ({ facts }) => ({ hparams: facts.target(), path: "the target model's configuration" }),
  rope_sliding({ config }) {
    const root = ropeRoot(config);
    const sliding = optionalObject(root, 'sliding_attention');
    return sliding && { hparams: sliding, path: `${root.path}.sliding_attention` };
  },
};

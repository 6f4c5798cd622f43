import { formatBraces } from './format.js';
import { REQUIRED, withParams } from './functions.js';
import { equal } from './operators.js';
import { STRING_METHODS, toInt } from './strings.js';
import {
  type Callable,
  characters,
  Dict,
  fail,
  Items,
  isNumber,
  iterate,
  Markup,
  Native,
  repr,
  Tuple,
  textOf,
  typeOf,
  Undefined,
  unmarked,
  type Value,
} from './values.js';

const items = (type: 'dict_keys' | 'dict_values' | 'dict_items', of: (dict: Dict) => readonly Value[]): Callable =>
  withParams({}, (self) => new Items(type, self instanceof Dict ? of(self) : []));

const TEXT_METHODS: ReadonlyMap<string, Callable> = new Map([
  ...STRING_METHODS,
  ['format', ([text = null, ...args], named) => formatBraces(textOf(text), args, named, { getAttribute, getItem })],
  [
    'format_map',
    withParams({ mapping: REQUIRED }, (text, mapping = null) => {
      if (!(mapping instanceof Dict)) {
        return fail('TypeError', `'${typeOf(mapping)}' object is not a mapping`);
      }
      const named = new Map(mapping.entries().map(([key, value]) => [textOf(key), value]));
      return formatBraces(textOf(text), [], named, { getAttribute, getItem });
    }),
  ],
]);

const DICT_METHODS: ReadonlyMap<string, Callable> = new Map(
  Object.entries({
    get: withParams({ key: REQUIRED, default: null }, (self, key = null, fallback = null) =>
      self instanceof Dict ? (self.get(key) ?? fallbackOf(self, key, fallback)) : null,
    ),
    keys: items('dict_keys', (dict) => dict.keys()),
    values: items('dict_values', (dict) => dict.values()),
    items: items('dict_items', (dict) => dict.entries().map((entry) => new Tuple(entry))),
    copy: withParams({}, (self) => new Dict(self instanceof Dict ? self.entries() : [])),
  }),
);
function fallbackOf(dict: Dict, key: Value, fallback: Value): Value {
  return dict.has(key) ? null : fallback;
}

const LIST_METHODS: ReadonlyMap<string, Callable> = new Map(
  Object.entries({
    index: withParams({ value: REQUIRED }, (self, value = null) => {
      const at = iterate(self).findIndex((item) => equal(item, value));
      return at < 0 ? fail('ValueError', `${repr(value)} is not in list`) : BigInt(at);
    }),
    count: withParams({ value: REQUIRED }, (self, value = null) =>
      BigInt(iterate(self).filter((item) => equal(item, value)).length),
    ),
    copy: withParams({}, (self) => [...iterate(self)]),
  }),
);

const NUMBER_METHODS: ReadonlyMap<string, Callable> = new Map(
  Object.entries({
    is_integer: withParams({}, (self) => typeof self === 'bigint' || Number.isInteger(self)),
    bit_length: withParams({}, (self) =>
      self === 0n ? 0n : BigInt(BigInt(textOf(self).replace('-', '')).toString(2).length),
    ),
  }),
);

/** Methods that change a value that others may share. They are refused, as in transformers' sandbox. */
const CHANGES: Readonly<Record<string, readonly string[]>> = {
  list: ['append', 'clear', 'pop', 'reverse', 'insert', 'sort', 'extend', 'remove'],
  dict: ['clear', 'pop', 'popitem', 'setdefault', 'update'],
};

function methodsOf(value: Value): ReadonlyMap<string, Callable> | undefined {
  if (typeof value === 'string') {
    return TEXT_METHODS;
  }
  if (value instanceof Dict) {
    return DICT_METHODS;
  }
  return Array.isArray(value) || value instanceof Tuple ? LIST_METHODS : isNumber(value) ? NUMBER_METHODS : undefined;
}

function attributeOf(value: Value, name: string): Value | undefined {
  const type = typeOf(value);
  if (CHANGES[type]?.includes(name) || /^__\w+__$/.test(name)) {
    return new Undefined(`access to attribute '${name}' of '${type}' object is unsafe.`, 'SecurityError');
  }
  if (value instanceof Native) {
    return value.attributes.get(name);
  }
  if (value instanceof Tuple && value.names.includes(name)) {
    return value.items[value.names.indexOf(name)];
  }
  const plain = unmarked(value);
  const method = methodsOf(plain)?.get(name);
  return (
    method &&
    new Native('builtin_function_or_method', [], (args, named) => {
      const result = method([plain, ...args], named);
      return value instanceof Markup && typeof result === 'string' ? new Markup(result) : result;
    })
  );
}

function itemOf(value: Value, key: Value): Value | undefined {
  if (value instanceof Dict) {
    return value.get(key);
  }
  const plain = unmarked(value);
  const isIndexed =
    typeof plain === 'string' || Array.isArray(plain) || plain instanceof Tuple || typeOf(plain) === 'range';
  if (!isIndexed || (typeof key !== 'bigint' && typeof key !== 'boolean')) {
    return undefined;
  }
  return iterate(plain).at(Number(key));
}

function missing(value: Value, name: Value): Undefined {
  const type = value === null ? 'None' : `${typeOf(value)} object`;
  return new Undefined(
    typeof name === 'string' ? `'${type}' has no attribute ${repr(name)}` : `${type} has no element ${repr(name)}`,
  );
}

/** Evaluates `value.name`: an attribute, or else an item. */
export function getAttribute(value: Value, name: string): Value {
  return value instanceof Undefined ? value.fail() : first([attributeOf, itemOf, missing], value, name);
}

/** Evaluates `value[key]`: an item, or else an attribute. */
export function getItem(value: Value, key: Value): Value {
  if (value instanceof Undefined) {
    return value.fail();
  }
  return typeof key === 'string'
    ? first([itemOf, attributeOf, missing], value, key)
    : first([itemOf, missing], value, key);
}

function first<K>(ways: readonly ((value: Value, key: K) => Value | undefined)[], value: Value, key: K): Value {
  for (const way of ways) {
    const found = way(value, key);
    if (found !== undefined) {
      return found;
    }
  }
  return null;
}

/** Evaluates `value[from:to:step]`. */
export function slice(value: Value, bounds: readonly (Value | undefined)[]): Value {
  if (value instanceof Undefined) {
    return value.fail();
  }
  const plain = unmarked(value);
  if (typeof plain !== 'string' && !Array.isArray(plain) && !(plain instanceof Tuple) && typeOf(plain) !== 'range') {
    return fail('TypeError', `'${typeOf(value)}' object is not subscriptable`);
  }
  const [from, to, by] = bounds.map((bound) => (bound === null || bound === undefined ? null : toInt(bound)));
  const all = typeof plain === 'string' ? characters(plain) : iterate(plain);
  const step = by ?? 1;
  if (step === 0) {
    return fail('ValueError', 'slice step cannot be zero');
  }
  const [low, high] = step > 0 ? [0, all.length] : [-1, all.length - 1];
  const clamp = (bound: number | null | undefined, without: number) =>
    bound === null || bound === undefined
      ? without
      : Math.min(Math.max(bound < 0 ? bound + all.length : bound, low), high);
  const [start, end] = [clamp(from, step > 0 ? low : high), clamp(to, step > 0 ? high : low)];
  const picked: Value[] = [];
  for (let i = start; step > 0 ? i < end : i > end; i += step) {
    picked.push(all[i] ?? null);
  }
  if (typeof plain === 'string') {
    return picked.join('');
  }
  return plain instanceof Tuple ? new Tuple(picked) : plain instanceof Items ? new Items('range', picked) : picked;
}

import { TemplateError } from './errors.js';
import { floatText, quote } from './text.js';

/** The values of Python. An int is a bigint, a float a number, a list an array. A dict keeps its keys in order. */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Value[]
  | Tuple
  | Dict
  | Items
  | Markup
  | Undefined
  | Native;

export type Callable = (args: readonly Value[], named: Named) => Value;
export type Named = ReadonlyMap<string, Value>;

/** A tuple. `names` are the names of the items of a named tuple. */
export class Tuple {
  constructor(
    readonly items: readonly Value[],
    readonly names: readonly string[] = [],
  ) {}
}

/** Something that can be iterated: once (`generator`), or any number of times (a range, the views of a dict). */
export class Items {
  readonly #items: readonly Value[];
  #spent = false;
  constructor(
    readonly type: 'generator' | 'range' | 'dict_keys' | 'dict_values' | 'dict_items',
    items: Iterable<Value>,
    readonly text = '',
  ) {
    this.#items = [...items];
  }
  take(): readonly Value[] {
    const spent = this.#spent;
    this.#spent = this.type === 'generator';
    return spent ? [] : this.#items;
  }
}

/** A text that is HTML. Text that is added to it is escaped. */
export class Markup {
  constructor(readonly html: string) {}
}

/** A missing value. It prints as nothing and iterates as empty; any other use is an error. */
export class Undefined {
  constructor(
    readonly message: string,
    readonly type = 'UndefinedError',
  ) {}
  fail(): never {
    throw new TemplateError(this.type, this.message);
  }
}

/** A function, or another of jinja2's own objects. */
export class Native {
  readonly attributes: Map<string, Value>;
  constructor(
    readonly type: string,
    attributes: Iterable<readonly [string, Value]> = [],
    readonly call?: Callable,
  ) {
    this.attributes = new Map(attributes);
  }
  /** Its printed form. */
  text(): string {
    switch (this.type) {
      case 'jinja2.utils.Namespace':
        return `<Namespace ${repr(new Dict(this.attributes))}>`;
      case 'jinja2.runtime.LoopContext':
        return `<LoopContext ${this.attributes.get('index')}/${this.attributes.get('length')}>`;
      case 'jinja2.runtime.Macro':
        return `<Macro ${repr(this.attributes.get('name') ?? '')}>`;
      default:
        return `<${this.type}>`;
    }
  }
}

/** A dict. Keys that are equal in Python are one key. */
export class Dict {
  readonly #entries = new Map<string, readonly [Value, Value]>();
  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    for (const [key, value] of entries) {
      this.set(key, value);
    }
  }
  get size(): number {
    return this.#entries.size;
  }
  set(key: Value, value: Value): void {
    const hash = hashOf(key);
    // A key that exists keeps its first spelling.
    this.#entries.set(hash, [this.#entries.get(hash)?.[0] ?? key, value]);
  }
  get(key: Value): Value | undefined {
    return this.#entries.get(hashOf(key))?.[1];
  }
  has(key: Value): boolean {
    return this.#entries.has(hashOf(key));
  }
  entries(): (readonly [Value, Value])[] {
    return [...this.#entries.values()];
  }
  keys(): Value[] {
    return this.entries().map(([key]) => key);
  }
  values(): Value[] {
    return this.entries().map(([, value]) => value);
  }
}

/** A hash that is equal for equal keys: 1, 1.0 and True are equal. */
export function hashOf(value: Value): string {
  const plain = unmarked(value);
  if (typeof plain === 'string') {
    return `s${plain}`;
  }
  if (isNumber(plain)) {
    return `n${Number.isInteger(plain) || typeof plain === 'boolean' ? BigInt(plain) : plain}`;
  }
  if (plain === null) {
    return 'None';
  }
  if (plain instanceof Tuple) {
    return `(${plain.items.map((item) => JSON.stringify(hashOf(item))).join()})`;
  }
  if (Array.isArray(plain) || plain instanceof Dict) {
    return fail('TypeError', `unhashable type: '${typeOf(plain)}'`);
  }
  return plain instanceof Undefined ? 'Undefined' : `o${identity(plain)}`;
}

const identities = new WeakMap<object, number>();
let known = 0;
function identity(value: object): number {
  const id = identities.get(value) ?? known++;
  identities.set(value, id);
  return id;
}

/** Throws an error of Python's type. @throws TemplateError */
export function fail(type: string, message: string): never {
  throw new TemplateError(type, message);
}

export function isNumber(value: Value): value is bigint | number | boolean {
  return typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean';
}

export function isText(value: Value): value is string | Markup {
  return typeof value === 'string' || value instanceof Markup;
}

export function unmarked(value: Value): Exclude<Value, Markup> {
  return value instanceof Markup ? value.html : value;
}

/** The name of a value's Python class. */
export function typeOf(value: Value): string {
  if (value === null) {
    return 'NoneType';
  }
  if (Array.isArray(value)) {
    return 'list';
  }
  if (value instanceof Items || value instanceof Native) {
    return value.type;
  }
  if (typeof value === 'object') {
    const names = [
      [Tuple, 'tuple'],
      [Dict, 'dict'],
      [Markup, 'Markup'],
    ] as const;
    return names.find(([kind]) => value instanceof kind)?.[1] ?? 'Undefined';
  }
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    default:
      return 'str';
  }
}

/** Whether Python takes a value for true. */
export function isTrue(value: Value): boolean {
  if (value === null || typeof value !== 'object') {
    return Boolean(value);
  }
  if (value instanceof Native || (value instanceof Items && value.type === 'generator')) {
    return true;
  }
  return lengthOf(value) > 0;
}

/** The length of a value. @throws TemplateError if it has none */
export function lengthOf(value: Value): number {
  if (value instanceof Dict) {
    return value.size;
  }
  const sized = value !== null && !isNumber(value) && !(value instanceof Native);
  if (!sized || (value instanceof Items && value.type === 'generator')) {
    return fail('TypeError', `object of type '${typeOf(value)}' has no len()`);
  }
  return iterate(value).length;
}

/** The items of a value. @throws TemplateError if it cannot be iterated */
export function iterate(value: Value): readonly Value[] {
  const plain = unmarked(value);
  if (typeof plain === 'string') {
    return characters(plain);
  }
  if (Array.isArray(plain)) {
    return plain;
  }
  if (plain instanceof Tuple) {
    return plain.items;
  }
  if (plain instanceof Dict) {
    return plain.keys();
  }
  if (plain instanceof Items) {
    return plain.take();
  }
  return plain instanceof Undefined ? [] : fail('TypeError', `'${typeOf(plain)}' object is not iterable`);
}

/** The code points of a text: the elements of a Python string. */
export function characters(text: string): string[] {
  return /[\ud800-\udfff]/.test(text) ? Array.from(text) : text.split('');
}

/** `str(value)`. */
export function textOf(value: Value): string {
  if (value instanceof Markup) {
    return value.html;
  }
  return typeof value === 'string' ? value : value instanceof Undefined ? '' : repr(value);
}

/** `repr(value)`. */
export function repr(value: Value): string {
  const list = (items: readonly Value[]) => items.map(repr).join(', ');
  if (value === null) {
    return 'None';
  }
  switch (typeof value) {
    case 'boolean':
      return value ? 'True' : 'False';
    case 'bigint':
      return String(value);
    case 'number':
      return floatText(value);
    case 'string':
      return quote(value);
  }
  if (Array.isArray(value)) {
    return `[${list(value)}]`;
  }
  if (value instanceof Tuple) {
    return `(${list(value.items)}${value.items.length === 1 ? ',' : ''})`;
  }
  if (value instanceof Dict) {
    return `{${value
      .entries()
      .map(([key, item]) => `${repr(key)}: ${repr(item)}`)
      .join(', ')}}`;
  }
  if (value instanceof Markup) {
    return `Markup(${quote(value.html)})`;
  }
  if (value instanceof Items) {
    return value.text || (value.type === 'generator' ? '<generator object>' : `${value.type}([${list(value.take())}])`);
  }
  return value instanceof Undefined ? 'Undefined' : value.text();
}

/** Escapes a value's text for HTML; text that is HTML already stays. */
export function escapeHtml(value: Value): Markup {
  if (value instanceof Markup) {
    return value;
  }
  const ENTITIES: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&#34;',
    "'": '&#39;',
  };
  return new Markup(textOf(value).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char));
}

/** Turns a value of JSON into Python's. A number without a fraction becomes an int. */
export function fromJson(value: unknown): Value {
  if (value === null || value === undefined) {
    return null;
  }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? BigInt(value) : value;
  }
  if (Array.isArray(value)) {
    return value.map(fromJson);
  }
  if (typeof value === 'object') {
    return new Dict(Object.entries(value).map(([key, item]) => [key, fromJson(item)]));
  }
  return typeof value === 'boolean' || typeof value === 'bigint' ? value : String(value);
}

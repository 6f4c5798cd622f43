import { formatPercent } from './format.js';
import {
  characters,
  Dict,
  escapeHtml,
  fail,
  isNumber,
  isText,
  iterate,
  Markup,
  Native,
  Tuple,
  textOf,
  typeOf,
  Undefined,
  unmarked,
  type Value,
} from './values.js';

/** Python's `==`. */
export function equal(a: Value, b: Value): boolean {
  const [x, y] = [unmarked(a), unmarked(b)];
  if (isNumber(x) && isNumber(y)) {
    return order(x, y) === 0;
  }
  const ranges = typeOf(x) === 'range' && typeOf(y) === 'range';
  const lists = Array.isArray(x) && Array.isArray(y);
  if (ranges || lists || (x instanceof Tuple && y instanceof Tuple)) {
    const [left, right] = [iterate(x), iterate(y)];
    return left.length === right.length && left.every((item, i) => equal(item, right[i] ?? null));
  }
  if (x instanceof Dict && y instanceof Dict) {
    return x.size === y.size && x.entries().every(([key, item]) => y.has(key) && equal(item, y.get(key) ?? null));
  }
  return x === y || (x instanceof Undefined && y instanceof Undefined);
}

function order(a: bigint | number | boolean, b: bigint | number | boolean): number {
  return a < b ? -1 : a > b ? 1 : Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : 0;
}

/**
 * Compares two values: below 0 if `a` comes first, 0 if they are equal, above 0 if `b` comes first.
 * @throws TemplateError where they have no order
 */
export function compare(a: Value, b: Value, operator = '<'): number {
  const [x, y] = [checked(a), checked(b)];
  if (isNumber(x) && isNumber(y)) {
    return order(x, y);
  }
  if (typeof x === 'string' && typeof y === 'string') {
    return compareTexts(x, y);
  }
  const lists = Array.isArray(x) && Array.isArray(y);
  if (lists || (x instanceof Tuple && y instanceof Tuple)) {
    const [left, right] = [iterate(x), iterate(y)];
    const at = left.findIndex((item, i) => !equal(item, right[i] ?? UNLIKE));
    const [l, r] = [left[at], right[at]];
    return l === undefined || r === undefined ? left.length - right.length : compare(l, r, operator);
  }
  return fail('TypeError', `'${operator}' not supported between instances of '${typeOf(a)}' and '${typeOf(b)}'`);
}
const UNLIKE = new Native('nothing');

/** Compares by code points; the order of UTF-16 units would be another. */
function compareTexts(a: string, b: string): number {
  const [left, right] = [characters(a), characters(b)];
  const at = left.findIndex((char, i) => char !== right[i]);
  const [l, r] = [left[at], right[at]];
  return l === undefined || r === undefined
    ? left.length - right.length
    : (l.codePointAt(0) ?? 0) - (r.codePointAt(0) ?? 0);
}

function checked(value: Value): Exclude<Value, Undefined | Markup> {
  const plain = unmarked(value);
  return plain instanceof Undefined ? plain.fail() : plain;
}

/** Python's `item in container`. @throws TemplateError */
export function contains(container: Value, item: Value): boolean {
  const plain = unmarked(container);
  if (typeof plain === 'string') {
    if (!isText(item)) {
      return item instanceof Undefined
        ? fail('TypeError', "'in <string>' requires string as left operand, not Undefined")
        : fail('TypeError', `'in <string>' requires string as left operand, not ${typeOf(item)}`);
    }
    return plain.includes(textOf(item));
  }
  if (plain instanceof Dict) {
    return plain.has(item);
  }
  if (plain === null || isNumber(plain)) {
    return fail('TypeError', `argument of type '${typeOf(plain)}' is not iterable`);
  }
  return iterate(plain).some((other) => equal(item, other));
}

const COMPARE: Readonly<Record<string, (a: Value, b: Value) => boolean>> = {
  '==': equal,
  '!=': (a, b) => !equal(a, b),
  '<': (a, b) => compare(a, b, '<') < 0,
  '<=': (a, b) => compare(a, b, '<=') <= 0,
  '>': (a, b) => compare(a, b, '>') > 0,
  '>=': (a, b) => compare(a, b, '>=') >= 0,
  in: (a, b) => contains(b, a),
  'not in': (a, b) => !contains(b, a),
};
export function compares(operator: string, a: Value, b: Value): boolean {
  return COMPARE[operator]?.(a, b) ?? false;
}

type Numeric = bigint | number;
const isZero = (value: Numeric) => Number(value) === 0;
const floorDivide = (a: bigint, b: bigint) => (a % b !== 0n && a < 0n !== b < 0n ? a / b - 1n : a / b);
const divisor = (b: Numeric, message: string) => (isZero(b) ? fail('ZeroDivisionError', message) : b);

/** The arithmetic operators. Two ints give an int except for `/`; with a float the result is a float. */
const ARITHMETIC: Readonly<
  Record<string, { int: (a: bigint, b: bigint) => Numeric; float: (a: number, b: number) => number }>
> = {
  '+': { int: (a, b) => a + b, float: (a, b) => a + b },
  '-': { int: (a, b) => a - b, float: (a, b) => a - b },
  '*': { int: (a, b) => a * b, float: (a, b) => a * b },
  '/': {
    int: (a, b) => Number(a) / Number(divisor(b, 'division by zero')),
    float: (a, b) => a / Number(divisor(b, 'float division by zero')),
  },
  '//': {
    int: (a, b) => (isZero(b) ? fail('ZeroDivisionError', 'integer division or modulo by zero') : floorDivide(a, b)),
    float: (a, b) => Math.floor(a / Number(divisor(b, 'float floor division by zero'))),
  },
  '%': {
    int: (a, b) => (isZero(b) ? fail('ZeroDivisionError', 'integer modulo by zero') : a - b * floorDivide(a, b)),
    float: (a, b) => a - b * Math.floor(a / Number(divisor(b, 'float modulo'))),
  },
  '**': { int: power, float: (a, b) => a ** b },
};

/** The most bits of an int. Larger ones would take too much time and memory. */
const MAX_BITS = 1_000_000;
function power(a: bigint, b: bigint): Numeric {
  if (b < 0n) {
    return Number(a) ** Number(b);
  }
  if (a.toString(2).length * Number(b) > MAX_BITS) {
    fail('OverflowError', `${a} ** ${b} is too large`);
  }
  return a ** b;
}

/** An arithmetic operation. @throws TemplateError for types that it does not have */
export function binary(operator: string, x: Value, y: Value): Value {
  if (operator === '%' && isText(x)) {
    return formatPercent(textOf(x), y);
  }
  for (const value of [x, y]) {
    if (value instanceof Undefined) {
      value.fail();
    }
  }
  if (isNumber(x) && isNumber(y)) {
    const kind = ARITHMETIC[operator];
    return typeof x === 'number' || typeof y === 'number'
      ? (kind?.float(Number(x), Number(y)) ?? null)
      : (kind?.int(BigInt(x), BigInt(y)) ?? null);
  }
  if (operator === '+') {
    return add(x, y);
  }
  if (operator === '*') {
    const [sequence, count] = isNumber(x) ? [y, x] : [x, y];
    if ((typeof count === 'bigint' || typeof count === 'boolean') && isSequence(sequence)) {
      return repeat(sequence, Math.max(0, Number(count)));
    }
    if (isSequence(x) || isSequence(y)) {
      fail('TypeError', `can't multiply sequence by non-int of type '${typeOf(isSequence(x) ? y : x)}'`);
    }
  }
  const name = operator === '**' ? '** or pow()' : operator;
  return fail('TypeError', `unsupported operand type(s) for ${name}: '${typeOf(x)}' and '${typeOf(y)}'`);
}

function isSequence(value: Value): value is string | Markup | Value[] | Tuple {
  return isText(value) || Array.isArray(value) || value instanceof Tuple;
}

function add(a: Value, b: Value): Value {
  if (isText(a) && isText(b)) {
    return a instanceof Markup || b instanceof Markup ? new Markup(escapeHtml(a).html + escapeHtml(b).html) : a + b;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return [...a, ...b];
  }
  if (a instanceof Tuple && b instanceof Tuple) {
    return new Tuple([...a.items, ...b.items]);
  }
  if (isSequence(a)) {
    const type = isText(a) ? 'str' : typeOf(a);
    fail('TypeError', `can only concatenate ${type} (not "${typeOf(b)}") to ${type}`);
  }
  return fail('TypeError', `unsupported operand type(s) for +: '${typeOf(a)}' and '${typeOf(b)}'`);
}

/** The most elements of a list made by multiplication. More would fill the memory. */
const MAX_REPEATED = 10_000_000;
function repeat(sequence: string | Markup | Value[] | Tuple, count: number): Value {
  const items = isText(sequence) ? textOf(sequence) : iterate(sequence);
  if (items.length * count > MAX_REPEATED) {
    fail('MemoryError', `a sequence of ${items.length * count} elements is too long`);
  }
  if (typeof items === 'string') {
    return items.repeat(count);
  }
  const repeated = Array.from({ length: count }, () => items).flat();
  return sequence instanceof Tuple ? new Tuple(repeated) : repeated;
}

export function negative(value: Value): Value {
  return isNumber(checked(value)) ? binary('-', 0n, value) : unary('-', value);
}
export function positive(value: Value): Value {
  return isNumber(checked(value)) ? binary('+', 0n, value) : unary('+', value);
}
function unary(sign: string, value: Value): never {
  return fail('TypeError', `bad operand type for unary ${sign}: '${typeOf(value)}'`);
}

import { exponentText, fixed, floatText } from './text.js';
import {
  characters,
  Dict,
  fail,
  isNumber,
  type Named,
  repr,
  Tuple,
  textOf,
  typeOf,
  unmarked,
  type Value,
} from './values.js';

interface Spec {
  readonly fill: string;
  /** `<`, `>`, `^` or `=` (between sign and digits). Without one, the type decides. */
  readonly align: string;
  readonly sign: string;
  readonly alternate: boolean;
  readonly width: number;
  readonly grouping: string;
  readonly precision: number | null;
  readonly type: string;
}

/** The largest width or precision, so that a template cannot ask for much memory. */
const MAX_WIDTH = 1_000_000;
function count(digits: string): number {
  const value = Number(digits);
  return value > MAX_WIDTH ? fail('ValueError', 'Too many decimal digits in format string') : value;
}

// `text % values`.

const PERCENT = /%(?:\(([^)]*)\))?([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d*))?[hlL]?(.)?/gsu;

/** `text % values`. @throws TemplateError */
export function formatPercent(text: string, values: Value): string {
  const args = values instanceof Tuple ? [...values.items] : [values];
  const isMapping = values instanceof Dict;
  let used = 0;
  const next = (): Value => {
    const value = args[used++];
    return value === undefined ? fail('TypeError', 'not enough arguments for format string') : value;
  };
  const size = (digits: string | undefined) => (digits === '*' ? count(textOf(next())) : count(digits || '0'));
  const result = text.replace(PERCENT, (_, key, flags: string, width, precision, type = '') => {
    if (type === '%') {
      return '%';
    }
    if (type === '') {
      fail('ValueError', 'incomplete format');
    }
    const wide = size(width);
    const digits = precision === undefined ? null : size(precision);
    const value = key === undefined ? next() : mapped(values, key);
    used = key === undefined ? used : args.length;
    const left = flags.includes('-');
    const zeros = flags.includes('0') && !left && !'src'.includes(type);
    return format(convert(value, type), {
      fill: zeros ? '0' : ' ',
      align: left ? '<' : zeros ? '=' : '>',
      sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '-',
      alternate: flags.includes('#'),
      width: wide,
      grouping: '',
      precision: digits,
      type: 'sra'.includes(type) ? 's' : 'iu'.includes(type) ? 'd' : type,
    });
  });
  if (used < args.length && !isMapping) {
    fail('TypeError', 'not all arguments converted during string formatting');
  }
  return result;
}

function mapped(values: Value, key: string): Value {
  if (!(values instanceof Dict)) {
    return fail('TypeError', 'format requires a mapping');
  }
  const value = values.get(key);
  return value === undefined ? fail('KeyError', repr(key)) : value;
}

function convert(value: Value, type: string): Value {
  if (type === 's') {
    return textOf(value);
  }
  if (type === 'r' || type === 'a') {
    return repr(value);
  }
  if (type === 'c') {
    return typeof value === 'bigint' ? String.fromCodePoint(Number(value)) : value;
  }
  if (!'diuoxXeEfFgG'.includes(type)) {
    fail('ValueError', `unsupported format character '${type}'`);
  }
  if (!isNumber(value)) {
    const wanted = 'eEfFgG'.includes(type) ? 'must be real number' : `%${type} format: a real number is required`;
    fail('TypeError', `${wanted}, not ${typeOf(value)}`);
  }
  const isInt = 'diuoxX'.includes(type);
  return isInt && typeof value === 'number'
    ? BigInt(Math.trunc(value))
    : typeof value === 'boolean'
      ? BigInt(value)
      : value;
}

// `text.format(...)`.

/** How a replacement field accesses a value: `{user.name}`, `{list[0]}`. */
export interface Lookup {
  getAttribute(value: Value, name: string): Value;
  getItem(value: Value, key: Value): Value;
}

export function formatBraces(
  text: string,
  args: readonly Value[],
  named: Named,
  { getAttribute, getItem }: Lookup,
): string {
  let automatic = 0;
  const render = (source: string): string => {
    let result = '';
    for (let at = 0; at < source.length; ) {
      const char = source[at] ?? '';
      if ((char === '{' || char === '}') && source[at + 1] === char) {
        result += char;
        at += 2;
      } else if (char === '}') {
        fail('ValueError', "Single '}' encountered in format string");
      } else if (char === '{') {
        const end = closing(source, at);
        result += field(source.slice(at + 1, end));
        at = end + 1;
      } else {
        result += char;
        at++;
      }
    }
    return result;
  };
  const field = (source: string): string => {
    const [, path = '', conversion, spec = ''] = /^([^!:]*)(?:!([rsa]))?(?::(.*))?$/s.exec(source) ?? [];
    const [, name = '', rest = ''] = /^([^.[]*)(.*)$/s.exec(path) ?? [];
    let value: Value | undefined =
      name === '' ? args[automatic++] : /^\d+$/.test(name) ? args[Number(name)] : named.get(name);
    if (value === undefined) {
      return /^\d*$/.test(name) ? fail('IndexError', 'tuple index out of range') : fail('KeyError', repr(name));
    }
    for (const [, attribute, key = ''] of rest.matchAll(/\.([^.[]+)|\[([^\]]*)\]/g)) {
      value =
        attribute === undefined
          ? getItem(value, /^\d+$/.test(key) ? BigInt(key) : key)
          : getAttribute(value, attribute);
    }
    const shown = conversion === 's' ? textOf(value) : conversion ? repr(value) : value;
    return formatValue(shown, spec.includes('{') ? render(spec) : spec);
  };
  return render(text);
}

function closing(source: string, from: number): number {
  let depth = 0;
  for (let at = from; at < source.length; at++) {
    depth += source[at] === '{' ? 1 : source[at] === '}' ? -1 : 0;
    if (depth === 0) {
      return at;
    }
  }
  return fail(
    'ValueError',
    source.length === from + 1 ? "Single '{' encountered in format string" : "expected '}' before end of string",
  );
}

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/su;

/** `format(value, spec)`. */
export function formatValue(value: Value, spec: string): string {
  if (spec === '') {
    return textOf(value);
  }
  const match =
    SPEC.exec(spec) ?? fail('ValueError', `Invalid format specifier '${spec}' for object of type '${typeOf(value)}'`);
  const [, fill, align, sign = '-', alternate, zero, width = '0', grouping = '', precision, type = ''] = match;
  const plain = unmarked(value);
  const isText = typeof plain === 'string';
  if (!isText && !isNumber(plain)) {
    fail('TypeError', `unsupported format string passed to ${typeOf(value)}.__format__`);
  }
  if (isText ? !['', 's'].includes(type) : type === 's') {
    fail('ValueError', `Unknown format code '${type}' for object of type '${typeOf(value)}'`);
  }
  return format(typeof plain === 'boolean' && type !== '' ? BigInt(plain) : plain, {
    fill: fill ?? (zero ? '0' : ' '),
    align: align ?? (isText ? '<' : zero ? '=' : '>'),
    sign,
    alternate: alternate !== undefined,
    width: count(width),
    grouping,
    precision: precision === undefined ? null : count(precision),
    type: type === 'n' ? (typeof plain === 'number' ? 'g' : 'd') : type,
  });
}

function format(value: Value, spec: Spec): string {
  if (!isNumber(value) || typeof value === 'boolean') {
    const chars = characters(textOf(value));
    return padded('', chars.slice(0, spec.precision ?? chars.length).join(''), spec);
  }
  const isNegative = value < 0 || Object.is(value, -0);
  const digits = number(value, spec);
  const sign = isNegative ? '-' : spec.sign === '-' ? '' : spec.sign;
  return padded(sign, spec.grouping ? grouped(digits, spec) : digits, spec);
}

function padded(sign: string, text: string, { fill, align, width }: Spec): string {
  const missing = Math.max(0, width - characters(sign + text).length);
  const left = align === '<' ? 0 : align === '^' ? missing >> 1 : missing;
  return align === '='
    ? sign + fill.repeat(missing) + text
    : fill.repeat(left) + sign + text + fill.repeat(missing - left);
}

function grouped(digits: string, { grouping, type }: Spec): string {
  const size = 'boxX'.includes(type || 'd') ? 4 : 3;
  const [, whole = '', rest = ''] = /^([\da-f]*)(.*)$/is.exec(digits) ?? [];
  return whole.replace(new RegExp(`\\B(?=(?:.{${size}})+$)`, 'g'), grouping) + rest;
}

const BASES: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16 };

/** The digits of a number, without its sign. */
function number(value: bigint | number, { type, precision, alternate }: Spec): string {
  if (typeof value === 'bigint' && ['', 'd', 'c', ...Object.keys(BASES)].includes(type)) {
    const size = value < 0n ? -value : value;
    if (type === 'c') {
      return String.fromCodePoint(Number(size));
    }
    const text = size.toString(BASES[type] ?? 10).padStart(precision ?? 0, '0');
    const prefix = alternate && type in BASES ? `0${type}` : '';
    return prefix + (type === 'X' ? text.toUpperCase() : text);
  }
  const size = Math.abs(Number(value));
  if (type in BASES || type === 'd') {
    fail('ValueError', `Unknown format code '${type}' for object of type 'float'`);
  }
  if (!Number.isFinite(size)) {
    return type === type.toUpperCase() && type !== '' && type !== '%' ? floatText(size).toUpperCase() : floatText(size);
  }
  switch (type.toLowerCase()) {
    case 'f':
      return fixed(size, Math.min(precision ?? 6, 100));
    case '%':
      return `${fixed(size * 100, Math.min(precision ?? 6, 100))}%`;
    case 'e':
      return cased(exponential(size, precision ?? 6), type);
    case 'g':
      return cased(general(size, precision ?? 6, false, alternate), type);
    default:
      return precision === null ? floatText(size) : general(size, precision, true, alternate);
  }
}

function cased(text: string, type: string): string {
  return type === type.toUpperCase() ? text.toUpperCase() : text;
}

function exponential(size: number, digits: number): string {
  const [mantissa = '', power = '0'] = size.toExponential(Math.min(digits, 100)).split('e');
  return `${mantissa}e${exponentText(Number(power))}`;
}

function general(size: number, precision: number, keepsPoint: boolean, alternate: boolean): string {
  const digits = Math.min(Math.max(precision, 1), 100);
  const power = Number(size.toExponential(digits - 1).split('e')[1]);
  const isExponential = power < -4 || power >= digits - (keepsPoint ? 1 : 0);
  const text = isExponential ? exponential(size, digits - 1) : fixed(size, Math.max(0, digits - 1 - power));
  const short = alternate ? text : text.replace(/(\.\d*?)0+(?=e|$)/, '$1').replace(/\.(?=e|$)/, '');
  return keepsPoint && !isExponential && !short.includes('.') ? `${short}.0` : short;
}

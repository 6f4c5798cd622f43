import { getAttribute, getItem } from './attributes.js';
import { formatPercent } from './format.js';
import { REQUIRED, withParams } from './functions.js';
import { toJson } from './json.js';
import { binary, compare, negative } from './operators.js';
import { capitalize, center, replace, split, splitLines, strip, toInt } from './strings.js';
import { fixed } from './text.js';
import {
  type Callable,
  characters,
  Dict,
  escapeHtml,
  fail,
  hashOf,
  Items,
  isNumber,
  isText,
  isTrue,
  iterate,
  lengthOf,
  Markup,
  type Named,
  Native,
  repr,
  Tuple,
  textOf,
  typeOf,
  Undefined,
  unmarked,
  type Value,
} from './values.js';

const onText = (run: (text: string) => Value) => withParams({}, (value) => run(textOf(value)));
export const generator = (items: Iterable<Value>) => new Items('generator', items);

/** Makes a function that follows a dotted path in a value: `a.b.0`. */
export function attributeGetter(path: Value, fallback: Value = null): (value: Value) => Value {
  const parts = path === null ? [] : isText(path) ? textOf(path).split('.') : [path];
  return (value) =>
    parts.reduce<Value>((of, part) => {
      const found = getItem(of, typeof part === 'string' && /^\d+$/.test(part) ? BigInt(part) : part);
      return found instanceof Undefined && fallback !== null ? fallback : found;
    }, value);
}

/**
 * Makes a function that gives the key to sort values by. Texts are compared in lower case unless `caseSensitive` is
 * set.
 */
function orderKey(attribute: Value, caseSensitive: Value): (value: Value) => Value {
  const getters = (isText(attribute) ? textOf(attribute).split(',') : [attribute]).map((path) => attributeGetter(path));
  const fold = (value: Value) => (isText(value) && !isTrue(caseSensitive) ? textOf(value).toLowerCase() : value);
  const [only] = getters;
  return (value) => (only && getters.length === 1 ? fold(only(value)) : getters.map((get) => fold(get(value))));
}

function sorted(items: readonly Value[], key: (value: Value) => Value, reverse: Value): Value[] {
  const keyed = items.map((item) => [key(item), item] as const);
  const sign = isTrue(reverse) ? -1 : 1;
  return keyed.sort(([a], [b]) => sign * compare(a, b)).map(([, item]) => item);
}

function extreme(sign: 1 | -1): Callable {
  return withParams({ case_sensitive: false, attribute: null }, (value, caseSensitive = false, attribute = null) => {
    const [first] = sorted(iterate(value), orderKey(attribute, caseSensitive), sign < 0);
    return first === undefined ? new Undefined('No aggregated item, sequence was empty.') : first;
  });
}

function grouped(value: Value, attribute: Value, fallback: Value, caseSensitive: Value): Value {
  const get = attributeGetter(attribute, fallback);
  const key = (item: Value) => {
    const found = get(item);
    return isText(found) && !isTrue(caseSensitive) ? textOf(found).toLowerCase() : found;
  };
  const groups = new Map<string, Value[]>();
  for (const item of sorted(iterate(value), key, false)) {
    const hash = hashOf(key(item));
    groups.set(hash, [...(groups.get(hash) ?? []), item]);
  }
  return [...groups.values()].map((list) => new Tuple([get(list[0] ?? null), list], ['grouper', 'list']));
}

function toNumber(text: string): number | null {
  const plain = text.trim().replaceAll('_', '').toLowerCase();
  const special = /^([-+]?)(?:(inf(?:inity)?)|nan)$/.exec(plain);
  if (special) {
    return special[2] ? (special[1] === '-' ? -Infinity : Infinity) : Number.NaN;
  }
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/.test(plain) ? Number(plain) : null;
}

const PREFIXES: Readonly<Record<string, string>> = { 2: '0b', 8: '0o', 16: '0x' };
function toInteger(value: Value, fallback: Value, base: Value): Value {
  const plain = unmarked(value);
  if (typeof plain === 'string') {
    const [, sign = '', digits = ''] = /^([-+]?)([\da-z]+)$/.exec(plain.trim().replaceAll('_', '').toLowerCase()) ?? [];
    const prefix = PREFIXES[String(base)];
    const number = prefix && digits.startsWith(prefix) ? digits.slice(2) : digits;
    const all = [...number].map((digit) => Number.parseInt(digit, 36));
    if (all.length > 0 && all.every((digit) => digit < toInt(base))) {
      const size = all.reduce((sum, digit) => sum * BigInt(toInt(base)) + BigInt(digit), 0n);
      return sign === '-' ? -size : size;
    }
    const float = toNumber(plain);
    return float !== null && Number.isFinite(float) ? BigInt(Math.trunc(float)) : fallback;
  }
  if (plain instanceof Undefined) {
    return plain.fail();
  }
  return isNumber(plain) && Number.isFinite(Number(plain))
    ? typeof plain === 'number'
      ? BigInt(Math.trunc(plain))
      : BigInt(plain)
    : fallback;
}

function round(value: Value, precision: Value, method: Value): Value {
  const digits = toInt(precision);
  if (!isNumber(value)) {
    return fail('TypeError', `type ${typeOf(value)} doesn't define __round__ method`);
  }
  const isCommon = method === 'common';
  if (!isCommon) {
    if (method !== 'ceil' && method !== 'floor') {
      fail('FilterArgumentError', 'method must be common, ceil or floor');
    }
    return Math[method === 'ceil' ? 'ceil' : 'floor'](Number(value) * 10 ** digits) / 10 ** digits;
  }
  if (typeof value !== 'number' && digits >= 0) {
    return BigInt(value);
  }
  const scaled =
    digits < 0 ? Number(fixed(Number(value) / 10 ** -digits, 0)) * 10 ** -digits : Number(fixed(Number(value), digits));
  return typeof value === 'number' ? scaled : BigInt(scaled);
}

function batches(value: Value, size: Value, fill: Value): Value[] {
  const items = iterate(value);
  const count = Math.max(1, toInt(size));
  const rows = Array.from({ length: Math.ceil(items.length / count) }, (_, i) =>
    items.slice(i * count, (i + 1) * count),
  );
  return rows.map((row) =>
    fill === null ? [...row] : [...row, ...Array.from({ length: count - row.length }, () => fill)],
  );
}

function slices(value: Value, count: Value, fill: Value): Value[] {
  const items = iterate(value);
  const number = toInt(count);
  const [size, longer] = [Math.floor(items.length / number), items.length % number];
  return Array.from({ length: number }, (_, i) => {
    const from = i * size + Math.min(i, longer);
    const row = items.slice(from, from + size + (i < longer ? 1 : 0));
    return fill !== null && i >= longer ? [...row, fill] : [...row];
  });
}

function indented(text: string, width: Value, first: Value, blank: Value): string {
  const margin = isText(width) ? textOf(width) : ' '.repeat(toInt(width));
  const lines = splitLines(`${text}\n`);
  const indent = (line: string, i: number) => (i === 0 ? isTrue(first) : line !== '' || isTrue(blank));
  return lines.map((line, i) => (indent(line, i) ? margin + line : line)).join('\n');
}

function truncated(text: string, length: Value, killWords: Value, end: Value, leeway: Value): string {
  const chars = characters(text);
  const mark = textOf(end);
  const size = toInt(length);
  if (chars.length <= size + (leeway === null ? 5 : toInt(leeway))) {
    return text;
  }
  const cut = chars.slice(0, size - characters(mark).length).join('');
  const space = cut.lastIndexOf(' ');
  return (isTrue(killWords) || space < 0 ? cut : cut.slice(0, space)) + mark;
}

function wrapped(line: string, width: number, breaks: boolean): string[] {
  const rows: string[] = [];
  let row = '';
  for (const word of line.match(/\s+|\S+/g) ?? []) {
    let rest = word;
    if (row.length + rest.length > width && row !== '') {
      rows.push(row.trimEnd());
      row = '';
    }
    while (breaks && rest.length > width) {
      rows.push(rest.slice(0, width));
      rest = rest.slice(width);
    }
    row = row === '' && rows.length > 0 && rest.trim() === '' ? '' : row + rest;
  }
  return row.trim() === '' ? rows : [...rows, row.trimEnd()];
}

function sizeText(value: Value, isBinary: Value): string {
  const bytes = isNumber(value)
    ? Number(value)
    : (toNumber(textOf(value)) ?? fail('ValueError', `could not convert string to float: ${repr(value)}`));
  const base = isTrue(isBinary) ? 1024 : 1000;
  if (bytes < base) {
    return bytes === 1 ? '1 Byte' : `${Math.trunc(bytes)} Bytes`;
  }
  const power = Math.min(8, [1, 2, 3, 4, 5, 6, 7].find((i) => bytes < base ** (i + 1)) ?? 8);
  const prefix = (isTrue(isBinary) ? 'KMGTPEZY' : 'kMGTPEZY')[power - 1];
  return `${fixed(bytes / base ** power, 1)} ${prefix}${isTrue(isBinary) ? 'iB' : 'B'}`;
}

function urlEncoded(value: Value): string {
  const encode = (item: Value, isQuery: boolean) => {
    const text = encodeURIComponent(textOf(item)).replace(
      /[!'()*]/g,
      (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
    );
    return isQuery ? text.replaceAll('%20', '+') : text.replaceAll('%2F', '/');
  };
  if (isText(value) || isNumber(value) || value === null) {
    return encode(value, false);
  }
  const pairs = value instanceof Dict ? value.entries() : iterate(value).map(iterate);
  return pairs.map(([key = null, item = null]) => `${encode(key, true)}=${encode(item, true)}`).join('&');
}

const withCase = { case_sensitive: false, attribute: null };
const unsupported =
  (name: string): Callable =>
  () =>
    fail('TemplateRuntimeError', `The filter '${name}' isn't supported.`);
const length = withParams({}, (value) => BigInt(lengthOf(value)));
const fallback = withParams({ default_value: '', boolean: false }, (value, other = '', boolean = false) =>
  value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? other : value,
);
const escaped = withParams({}, escapeHtml);

/**
 * The filters of jinja2 by name, with transformers' `tojson`. Filters that find others by name, such as `map` and
 * `select`, are in environment.ts.
 */
export const VALUE_FILTERS: ReadonlyMap<string, Callable> = new Map(
  Object.entries({
    abs: withParams({}, (value) => {
      const number = isNumber(value) ? value : fail('TypeError', `bad operand type for abs(): '${typeOf(value)}'`);
      return Number(number) < 0 ? negative(number) : number;
    }),
    attr: withParams({ name: REQUIRED }, (value, name = null) => {
      const isMethod = !(value instanceof Dict) || getAttribute(new Dict(), textOf(name)) instanceof Native;
      return isMethod
        ? getAttribute(value, textOf(name))
        : new Undefined(`'dict object' has no attribute ${repr(name)}`);
    }),
    batch: withParams({ linecount: REQUIRED, fill_with: null }, (value, size = null, fill = null) =>
      generator(batches(value, size, fill)),
    ),
    capitalize: onText(capitalize),
    center: withParams({ width: 80n }, (value, width = 80n) => center([textOf(value), width], new Map())),
    count: length,
    d: fallback,
    default: fallback,
    dictsort: withParams(
      { case_sensitive: false, by: 'key', reverse: false },
      (value, caseSensitive = false, by = 'key', reverse = false) => {
        const entries =
          value instanceof Dict
            ? value.entries().map((entry) => new Tuple(entry))
            : fail('AttributeError', `'${typeOf(value)}' object has no attribute 'items'`);
        return sorted(entries, orderKey(by === 'value' ? 1n : 0n, caseSensitive), reverse);
      },
    ),
    e: escaped,
    escape: escaped,
    filesizeformat: withParams({ binary: false }, (value, isBinary = false) => sizeText(value, isBinary)),
    first: withParams({}, (value) => {
      const [item] = iterate(value);
      return item === undefined ? new Undefined('No first item, sequence was empty.') : item;
    }),
    float: withParams({ default: 0 }, (value, other = 0) =>
      value instanceof Undefined
        ? value.fail()
        : isNumber(value)
          ? Number(value)
          : ((isText(value) ? toNumber(textOf(value)) : null) ?? other),
    ),
    forceescape: withParams({}, (value) => escapeHtml(textOf(value))),
    format: ([value = null, ...args]: readonly Value[], keywords: Named) => {
      if (args.length > 0 && keywords.size > 0) {
        return fail('FilterArgumentError', "can't handle positional and keyword arguments at the same time");
      }
      return formatPercent(textOf(value), keywords.size > 0 ? new Dict(keywords) : new Tuple(args));
    },
    groupby: withParams(
      { attribute: REQUIRED, default: null, case_sensitive: false },
      (value, attribute = null, other = null, caseSensitive = false) => grouped(value, attribute, other, caseSensitive),
    ),
    indent: withParams({ width: 4n, first: false, blank: false }, (value, width = 4n, first = false, blank = false) =>
      indented(value instanceof Undefined ? value.fail() : textOf(value), width, first, blank),
    ),
    int: withParams({ default: 0n, base: 10n }, (value, other = 0n, base = 10n) => toInteger(value, other, base)),
    items: withParams({}, (value) => {
      if (value instanceof Undefined) {
        return generator([]);
      }
      return value instanceof Dict
        ? generator(value.entries().map((entry) => new Tuple(entry)))
        : fail('TypeError', 'Can only get item pairs from a mapping.');
    }),
    join: withParams({ d: '', attribute: null }, (value, separator = '', attribute = null) =>
      iterate(value).map(attributeGetter(attribute)).map(textOf).join(textOf(separator)),
    ),
    last: withParams({}, (value) => {
      if (value instanceof Items && value.type === 'generator') {
        return fail('TypeError', "'generator' object is not reversible");
      }
      const item = iterate(value).at(-1);
      return item === undefined ? new Undefined('No last item, sequence was empty.') : item;
    }),
    length,
    list: withParams({}, (value) => [...iterate(value)]),
    lower: onText((text) => text.toLowerCase()),
    max: extreme(-1),
    min: extreme(1),
    pprint: withParams({}, repr),
    random: unsupported('random'),
    replace: withParams({ old: REQUIRED, new: REQUIRED, count: null }, (value, from = null, to = null, limit = null) =>
      replace(textOf(value), textOf(from), textOf(to), limit === null ? -1 : toInt(limit)),
    ),
    reverse: withParams({}, (value) =>
      isText(value) ? characters(textOf(value)).reverse().join('') : generator([...iterate(value)].reverse()),
    ),
    round: withParams({ precision: 0n, method: 'common' }, (value, precision = 0n, method = 'common') =>
      round(value, precision, method),
    ),
    safe: withParams({}, (value) => new Markup(textOf(value))),
    slice: withParams({ slices: REQUIRED, fill_with: null }, (value, count = null, fill = null) =>
      generator(slices(value, count, fill)),
    ),
    sort: withParams(
      { reverse: false, ...withCase },
      (value, reverse = false, caseSensitive = false, attribute = null) =>
        sorted(iterate(value), orderKey(attribute, caseSensitive), reverse),
    ),
    string: withParams({}, (value) => (isText(value) ? value : textOf(value))),
    striptags: onText((text) => split(text.replace(/<!--.*?-->|<[^>]*>/gs, ''), null, -1).join(' ')),
    sum: withParams({ attribute: null, start: 0n }, (value, attribute = null, start = 0n) =>
      iterate(value)
        .map(attributeGetter(attribute))
        .reduce((sum, item) => binary('+', sum, item), start),
    ),
    title: onText((text) =>
      text
        .split(/([-\s({[<]+)/)
        .map(capitalize)
        .join(''),
    ),
    tojson: toJson,
    trim: withParams({ chars: null }, (value, chars = null) => strip(textOf(value), chars)),
    truncate: withParams(
      { length: 255n, killwords: false, end: '...', leeway: null },
      (value, size = 255n, kill = false, end = '...', leeway = null) =>
        truncated(textOf(value), size, kill, end, leeway),
    ),
    unique: withParams(withCase, (value, caseSensitive = false, attribute = null) => {
      const key = orderKey(attribute, caseSensitive);
      const seen = new Set<string>();
      return generator(iterate(value).filter((item) => seen.size < seen.add(hashOf(key(item))).size));
    }),
    upper: onText((text) => text.toUpperCase()),
    urlencode: withParams({}, urlEncoded),
    urlize: unsupported('urlize'),
    wordcount: onText((text) => BigInt(text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)),
    wordwrap: withParams(
      { width: 79n, break_long_words: true, wrapstring: null, break_on_hyphens: true },
      (value, width = 79n, breaks = true, mark = null) =>
        textOf(value)
          .split('\n')
          .map((line) => wrapped(line, toInt(width), isTrue(breaks)).join(mark === null ? '\n' : textOf(mark)))
          .join(mark === null ? '\n' : textOf(mark)),
    ),
    xmlattr: withParams({ autospace: true }, (value, autospace = true) => {
      const entries = value instanceof Dict ? value.entries() : [];
      const attributes = entries
        .filter(([, item]) => item !== null && !(item instanceof Undefined))
        .map(([key, item]) => `${escapeHtml(key).html}="${escapeHtml(item).html}"`);
      return (isTrue(autospace) && attributes.length > 0 ? ' ' : '') + attributes.join(' ');
    }),
  }),
);

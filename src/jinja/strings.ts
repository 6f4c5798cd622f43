import { REQUIRED, withParams } from './functions.js';
import { isSpace, SPACE } from './text.js';
import { type Callable, characters, fail, isText, iterate, Tuple, textOf, typeOf, type Value } from './values.js';

type Params = Readonly<Record<string, Value | typeof REQUIRED>>;
const on = (params: Params, run: (text: string, ...rest: Value[]) => Value): Callable =>
  withParams(params, (self, ...rest) => run(textOf(self), ...rest));

export function toInt(value: Value): number {
  return typeof value === 'bigint' || typeof value === 'boolean'
    ? Number(value)
    : fail('TypeError', `'${typeOf(value)}' object cannot be interpreted as an integer`);
}
export function toText(value: Value): string {
  return isText(value) ? textOf(value) : fail('TypeError', `must be str, not ${typeOf(value)}`);
}

export function capitalize(text: string): string {
  const [first = '', ...rest] = characters(text);
  return first.toUpperCase() + rest.join('').toLowerCase();
}

const classOf = (chars: Value) => (chars === null ? SPACE : `[${toText(chars).replace(/[\\\]^[-]/g, '\\$&')}]`);
function stripStart(text: string, chars: Value): string {
  return chars === '' ? text : text.replace(new RegExp(`^${classOf(chars)}+`, 'u'), '');
}
/** Strips the end. A loop does it, because a regular expression anchored at the end takes quadratic time. */
function stripEnd(text: string, chars: Value): string {
  if (chars === '') {
    return text;
  }
  const pattern = new RegExp(`^${classOf(chars)}$`, 'u');
  const all = characters(text);
  let end = all.length;
  while (end > 0 && pattern.test(all[end - 1] ?? '')) {
    end--;
  }
  return all.slice(0, end).join('');
}
export function strip(text: string, chars: Value = null): string {
  return stripEnd(stripStart(text, chars), chars);
}

const WORD = new RegExp(`^[^${SPACE.slice(1)}+`);

export function split(text: string, separator: Value, limit: number): string[] {
  if (separator === null) {
    const words: string[] = [];
    let rest = stripStart(text, null);
    while (rest !== '' && (limit < 0 || words.length < limit)) {
      const word = WORD.exec(rest)?.[0] ?? '';
      words.push(word);
      rest = stripStart(rest.slice(word.length), null);
    }
    return rest === '' ? words : [...words, rest];
  }
  const parts = text.split(notEmpty(separator));
  return limit < 0 || parts.length <= limit
    ? parts
    : [...parts.slice(0, limit), parts.slice(limit).join(toText(separator))];
}
function rsplit(text: string, separator: Value, limit: number): string[] {
  const reversed = (part: string) => characters(part).reverse().join('');
  const parts = split(reversed(text), separator === null ? null : reversed(notEmpty(separator)), limit);
  return parts.map(reversed).reverse();
}
function notEmpty(separator: Value): string {
  const text = toText(separator);
  return text === '' ? fail('ValueError', 'empty separator') : text;
}

/** The part from `start` to `end`. Negative positions count from the end. */
function part(text: string, start: Value, end: Value): string {
  return start === 0n && end === null
    ? text
    : characters(text)
        .slice(toInt(start), end === null ? undefined : toInt(end))
        .join('');
}
const RANGE: Params = { start: 0n, end: null };
function search(isLast: boolean, isError: boolean): Callable {
  return on({ sub: REQUIRED, ...RANGE }, (text, sub, start = 0n, end = null) => {
    const within = part(text, start, end);
    const at = isLast ? within.lastIndexOf(toText(sub ?? null)) : within.indexOf(toText(sub ?? null));
    if (at < 0) {
      return isError ? fail('ValueError', 'substring not found') : -1n;
    }
    const from = toInt(start);
    const before = from < 0 ? Math.max(0, characters(text).length + from) : from;
    return BigInt(before + characters(within.slice(0, at)).length);
  });
}
function affix(test: (text: string, affix: string) => boolean): Callable {
  return on({ affix: REQUIRED, ...RANGE }, (text, given = null, start = 0n, end = null) => {
    const all = given instanceof Tuple ? given.items : [given];
    return all.some((item) => test(part(text, start, end), toText(item)));
  });
}
function cut(isLast: boolean): Callable {
  return on({ sep: REQUIRED }, (text, separator = null) => {
    const mark = notEmpty(separator);
    const at = isLast ? text.lastIndexOf(mark) : text.indexOf(mark);
    const missing = isLast ? ['', '', text] : [text, '', ''];
    return new Tuple(at < 0 ? missing : [text.slice(0, at), mark, text.slice(at + mark.length)]);
  });
}
function pad(place: 'left' | 'right' | 'both'): Callable {
  return on({ width: REQUIRED, fillchar: ' ' }, (text, width = null, fill = ' ') => {
    const missing = Math.max(0, toInt(width) - characters(text).length);
    // CPython's rule decides which side gets the odd space.
    const odd = missing & toInt(width) & 1;
    const left = place === 'left' ? missing : place === 'right' ? 0 : (missing >> 1) + odd;
    return toText(fill).repeat(left) + text + toText(fill).repeat(missing - left);
  });
}
export const center = pad('both');

const is = (pattern: RegExp) => on({}, (text) => pattern.test(text));
export const isUpper = (text: string) => /\p{Lu}/u.test(text) && !/[\p{Ll}\p{Lt}]/u.test(text);
export const isLower = (text: string) => /\p{Ll}/u.test(text) && !/[\p{Lu}\p{Lt}]/u.test(text);

export function titled(text: string): string {
  return text.replace(/(\p{L})([\p{L}]*)/gu, (_, first, rest) => first.toUpperCase() + rest.toLowerCase());
}

export function replace(text: string, from: string, to: string, limit: number): string {
  if (limit < 0) {
    return text.replaceAll(from, () => to);
  }
  let left = limit;
  return text.replaceAll(from, (found) => (left-- > 0 ? to : found));
}

/** Line ends for `splitlines`. */
const LINE_END = '(?:\\r\\n|[\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029])';
const LINES = new RegExp(`(.*?)(${LINE_END}|$)`, 'gs');

export function splitLines(text: string, keepEnds = false): string[] {
  const lines = [...text.matchAll(LINES)].filter(([whole]) => whole !== '');
  return lines.map(([whole, line = '']) => (keepEnds ? whole : line));
}

const SPLIT: Params = { sep: null, maxsplit: -1n };

/** The methods of `str` except `format` and `format_map`, which access values and are in attributes.ts. */
export const STRING_METHODS: ReadonlyMap<string, Callable> = new Map(
  Object.entries({
    upper: on({}, (text) => text.toUpperCase()),
    lower: on({}, (text) => text.toLowerCase()),
    casefold: on({}, (text) => text.replaceAll('ß', 'ss').toLowerCase()),
    capitalize: on({}, capitalize),
    title: on({}, titled),
    swapcase: on({}, (text) =>
      text.replace(/\p{L}/gu, (char) => (char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase())),
    ),
    strip: on({ chars: null }, (text, chars = null) => strip(text, chars)),
    lstrip: on({ chars: null }, (text, chars = null) => stripStart(text, chars)),
    rstrip: on({ chars: null }, (text, chars = null) => stripEnd(text, chars)),
    split: on(SPLIT, (text, separator = null, limit = -1n) => split(text, separator, toInt(limit))),
    rsplit: on(SPLIT, (text, separator = null, limit = -1n) => rsplit(text, separator, toInt(limit))),
    splitlines: on({ keepends: false }, (text, keepEnds) => splitLines(text, Boolean(keepEnds))),
    join: on({ iterable: REQUIRED }, (text, items = null) =>
      iterate(items)
        .map((item, i) =>
          isText(item)
            ? textOf(item)
            : fail('TypeError', `sequence item ${i}: expected str instance, ${typeOf(item)} found`),
        )
        .join(text),
    ),
    replace: on({ old: REQUIRED, new: REQUIRED, count: -1n }, (text, from = null, to = null, limit = -1n) =>
      replace(text, toText(from), toText(to), toInt(limit)),
    ),
    startswith: affix((text, start) => text.startsWith(start)),
    endswith: affix((text, end) => text.endsWith(end)),
    removeprefix: on({ prefix: REQUIRED }, (text, prefix = null) =>
      text.startsWith(toText(prefix)) ? text.slice(toText(prefix).length) : text,
    ),
    removesuffix: on({ suffix: REQUIRED }, (text, suffix = null) =>
      text.endsWith(toText(suffix)) ? text.slice(0, text.length - toText(suffix).length) : text,
    ),
    find: search(false, false),
    rfind: search(true, false),
    index: search(false, true),
    rindex: search(true, true),
    count: on({ sub: REQUIRED, ...RANGE }, (text, sub = null, start = 0n, end = null) => {
      const within = part(text, start, end);
      return BigInt(toText(sub) === '' ? characters(within).length + 1 : within.split(toText(sub)).length - 1);
    }),
    partition: cut(false),
    rpartition: cut(true),
    center,
    ljust: pad('right'),
    rjust: pad('left'),
    zfill: on({ width: REQUIRED }, (text, width = null) => {
      const [, sign = '', digits = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
      return sign + '0'.repeat(Math.max(0, toInt(width) - characters(text).length)) + digits;
    }),
    expandtabs: on({ tabsize: 8n }, (text, size = 8n) =>
      text.replace(
        /([^\t\n]*)\t/g,
        (_, before: string) => before + ' '.repeat(toInt(size) - (before.length % toInt(size))),
      ),
    ),
    isdigit: is(/^[\p{Nd}²³¹⁰-⁹₀-₉]+$/u),
    isdecimal: is(/^\p{Nd}+$/u),
    isnumeric: is(/^\p{N}+$/u),
    isalpha: is(/^\p{L}+$/u),
    isalnum: is(/^[\p{L}\p{N}]+$/u),
    isascii: is(/^\p{ASCII}*$/u),
    isspace: on({}, (text) => text !== '' && isSpace(text)),
    isidentifier: is(/^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*$/u),
    isprintable: is(/^(?:[^\p{C}\p{Z}]| )*$/u),
    isupper: on({}, isUpper),
    islower: on({}, isLower),
    istitle: on({}, (text) => /\p{L}/u.test(text) && titled(text) === text),
  }),
);

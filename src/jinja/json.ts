import { withParams } from './functions.js';
import { floatText } from './text.js';
import { Dict, fail, isNumber, isTrue, iterate, Tuple, textOf, typeOf, unmarked, type Value } from './values.js';

interface Layout {
  readonly ascii: boolean;
  /** The indentation of a level; null for JSON on one line. */
  readonly indent: string | null;
  readonly between: string;
  readonly colon: string;
  readonly sorted: boolean;
}

/** transformers' `tojson`: Python's `json.dumps`. It does not escape HTML as jinja2's own filter does. */
export const toJson = withParams(
  { ensure_ascii: false, indent: null, separators: null, sort_keys: false },
  (value, ascii = false, indent = null, separators = null, sorted = false) => {
    const [between, colon] =
      separators === null ? [indent === null ? ', ' : ',', ': '] : iterate(separators).map(textOf);
    return write(
      value,
      {
        ascii: isTrue(ascii),
        indent: typeof indent === 'bigint' ? ' '.repeat(Number(indent)) : indent === null ? null : textOf(indent),
        between: between ?? '',
        colon: colon ?? '',
        sorted: isTrue(sorted),
      },
      '',
    );
  },
);

function write(value: Value, layout: Layout, margin: string): string {
  const plain = unmarked(value);
  if (typeof plain === 'string') {
    return quoted(plain, layout);
  }
  if (plain === null || isNumber(plain)) {
    return scalar(plain);
  }
  const inner = layout.indent === null ? margin : margin + layout.indent;
  const wrap = (parts: readonly string[], [open, close]: readonly [string, string]) => {
    if (parts.length === 0) {
      return open + close;
    }
    return layout.indent === null
      ? open + parts.join(layout.between) + close
      : `${open}\n${inner}${parts.join(`${layout.between}\n${inner}`)}\n${margin}${close}`;
  };
  if (Array.isArray(plain) || plain instanceof Tuple) {
    return wrap(
      iterate(plain).map((item) => write(item, layout, inner)),
      ['[', ']'],
    );
  }
  if (plain instanceof Dict) {
    const entries = plain.entries().map(([key, item]) => [keyText(key), item] as const);
    const ordered = layout.sorted ? entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) : entries;
    return wrap(
      ordered.map(([key, item]) => quoted(key, layout) + layout.colon + write(item, layout, inner)),
      ['{', '}'],
    );
  }
  return fail('TypeError', `Object of type ${typeOf(plain)} is not JSON serializable`);
}

function scalar(value: null | bigint | number | boolean): string {
  if (typeof value === 'number') {
    return Number.isFinite(value)
      ? floatText(value)
      : Number.isNaN(value)
        ? 'NaN'
        : value > 0
          ? 'Infinity'
          : '-Infinity';
  }
  return String(value);
}

function keyText(key: Value): string {
  const plain = unmarked(key);
  if (typeof plain === 'string') {
    return plain;
  }
  return plain === null || isNumber(plain)
    ? scalar(plain)
    : fail('TypeError', `keys must be str, int, float, bool or None, not ${typeOf(plain)}`);
}

function quoted(text: string, { ascii }: Layout): string {
  const json = JSON.stringify(text);
  return ascii
    ? json.replace(/[\x7f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : json;
}

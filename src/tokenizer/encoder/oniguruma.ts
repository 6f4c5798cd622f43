import { caseVariants } from './case-variants.js';
import { MAX_DEPTH, UnsupportedTokenizerError } from './fields.js';
import { parseClass, propertyClass } from './oniguruma-class.js';

/** The longest known pattern has some 1,500 characters. */
const MAX_PATTERN = 20_000;

/** A pattern that JavaScript's regular expressions can't express, or that is not one. */
export class PatternError extends UnsupportedTokenizerError {
  constructor(pattern: string, why: string, options?: ErrorOptions) {
    const shown = pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern;
    super(
      `tokenizer.json has the pattern ${JSON.stringify(shown)}, which can't be used: ${why}.`,
      'Report the model, so that it can be added.',
      options,
    );
  }
}

/** The position in a pattern, shared by the parsers of the pattern and of its character classes. */
export interface Cursor {
  readonly chars: readonly string[];
  at: number;
  fail(why: string): never;
}

export interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
}

/**
 * Oniguruma's Ruby syntax, which Hugging Face's tokenizers compile their patterns with, as a JavaScript regular
 * expression with the flags `g` and `v`. Differences that are kept: `^` and `$` are for lines, `\n` alone ends a line,
 * `\h` is a hexadecimal digit, `\s` `\w` `\d` `\b` are Unicode's, `{n,m}+` is a repetition and not possessive.
 * Not kept: a case-insensitive "ss" does not match "ß" (foldings of one letter to several).
 * @throws PatternError
 */
export function compileOniguruma(pattern: string): RegExp {
  const source = translateOniguruma(pattern);
  try {
    return new RegExp(source, 'gv');
  } catch (cause) {
    throw new PatternError(pattern, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** @throws PatternError */
export function translateOniguruma(pattern: string): string {
  if (pattern.length > MAX_PATTERN) {
    throw new PatternError(pattern, `it is longer than ${MAX_PATTERN} characters`);
  }
  const cursor: Cursor = {
    chars: [...pattern],
    at: 0,
    fail: (why) => {
      throw new PatternError(pattern, why);
    },
  };
  return new Translator(cursor).whole();
}

/** One character as a literal, in a class or outside. */
export function literal(char: string): string {
  return /^[A-Za-z0-9]$/.test(char) ? char : `\\u{${char.codePointAt(0)?.toString(16)}}`;
}

/** Any character. (V8 of Node 20 takes `[^]+` with the flag `v` for `[^]`.) */
const ANY = '[\\s\\S]';
const SPACE = '\\p{White_Space}';
/** With the superscripts and fractions of Latin-1, which Oniguruma takes for word characters. */
const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}';

/** Escapes that stand for a set, as the inside of a class. */
export const SETS: Readonly<Record<string, string>> = {
  s: SPACE,
  w: WORD,
  d: '\\p{Nd}',
  h: '0-9a-fA-F',
};

const ANCHORS: Readonly<Record<string, string>> = {
  A: `(?<!${ANY})`,
  z: `(?!${ANY})`,
  Z: `(?=\\n?(?!${ANY}))`,
  b: `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`,
  B: `(?:(?<=[${WORD}])(?=[${WORD}])|(?<![${WORD}])(?![${WORD}]))`,
  R: '(?:\\r\\n|[\\n-\\r\\u{85}\\u{2028}\\u{2029}])',
};

const CONTROLS: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  f: '\f',
  v: '\v',
  a: '\x07',
  e: '\x1b',
};

/** The character that an escape stands for; the cursor is behind the backslash. */
export function escapedChar(cursor: Cursor): string {
  const char = cursor.chars[cursor.at++];
  if (char === undefined) {
    return cursor.fail('it ends in a backslash');
  }
  const control = CONTROLS[char];
  if (control !== undefined) {
    return control;
  }
  if (char === 'x' || char === 'u') {
    const rest = cursor.chars.slice(cursor.at, cursor.at + 10).join('');
    const match = (char === 'x' ? /^(?:\{([0-9A-Fa-f]{1,6})\}|([0-7][0-9A-Fa-f]))/ : /^([0-9A-Fa-f]{4})/).exec(rest);
    const code = Number.parseInt(match?.[1] ?? match?.[2] ?? '', 16);
    if (!match || code > 0x10ffff) {
      return cursor.fail(`it has a malformed \\${char}`);
    }
    cursor.at += match[0].length;
    return String.fromCodePoint(code);
  }
  return /[A-Za-z0-9]/.test(char) ? cursor.fail(`it has \\${char}`) : char;
}

const QUANTIFIER = /^(?:[?*+]|\{(\d*)(,?)(\d*)\})/;

class Translator {
  #depth = 0;
  #atomics = 0;

  constructor(readonly cursor: Cursor) {}

  whole(): string {
    const source = this.#alternation({ ignoreCase: false, dotAll: false });
    return this.cursor.at < this.cursor.chars.length ? this.cursor.fail('it has an unmatched )') : source;
  }

  get #next(): string | undefined {
    return this.cursor.chars[this.cursor.at];
  }

  #eat(text: string): boolean {
    const end = this.cursor.at + text.length;
    const found = this.cursor.chars.slice(this.cursor.at, end).join('') === text;
    this.cursor.at = found ? end : this.cursor.at;
    return found;
  }

  /** Up to the end of the group. */
  #alternation(flags: Flags): string {
    if (++this.#depth > MAX_DEPTH) {
      return this.cursor.fail('its groups are nested too deep');
    }
    const branches: string[] = [];
    do {
      branches.push(this.#branch(flags));
    } while (this.#eat('|'));
    this.#depth--;
    return branches.join('|');
  }

  #branch(flags: Flags): string {
    let source = '';
    while (this.#next !== undefined && this.#next !== '|' && this.#next !== ')') {
      source += this.#quantified(this.#atom(flags));
    }
    return source;
  }

  #quantified(atom: string): string {
    let source = atom;
    for (;;) {
      const rest = this.cursor.chars.slice(this.cursor.at, this.cursor.at + 24).join('');
      const match = QUANTIFIER.exec(rest);
      const [text, from, comma, to] = match ?? [''];
      if (!text || (text.startsWith('{') && !from && !to)) {
        return source;
      }
      this.cursor.at += text.length;
      const interval = text.startsWith('{');
      const repeated = `(?:${source})${interval ? `{${from || 0}${comma}${to}}` : text}`;
      if (this.#eat('?')) {
        source = interval && !comma ? `(?:${repeated})?` : `${repeated}?`;
      } else if (!interval && this.#eat('+')) {
        source = this.#atomic(repeated);
      } else {
        source = repeated;
      }
    }
  }

  /** What a lookahead has matched is never tried again: capture it there, then repeat it. */
  #atomic(source: string): string {
    const name = `a${this.#atomics++}`;
    return `(?=(?<${name}>${source}))\\k<${name}>`;
  }

  #atom(flags: Flags): string {
    const char = this.cursor.chars[this.cursor.at++] ?? '';
    switch (char) {
      case '(':
        return this.#group(flags);
      case '[':
        return parseClass(this.cursor, flags, 0);
      case '.':
        return flags.dotAll ? ANY : '[^\\n]';
      case '^':
        return `(?:(?<!${ANY})|(?<=\\n)(?=${ANY}))`;
      case '$':
        return '(?![^\\n])';
      case '\\':
        return this.#escape(flags);
      case '?':
      case '*':
      case '+':
        return this.cursor.fail(`it repeats nothing with ${char}`);
      default:
        return this.#char(char, flags);
    }
  }

  #char(char: string, flags: Flags): string {
    const variants = flags.ignoreCase ? caseVariants(char) : [char];
    return variants.length === 1 ? literal(char) : `[${variants.map(literal).join('')}]`;
  }

  #escape(flags: Flags): string {
    const char = this.#next ?? '';
    const set = SETS[char.toLowerCase()];
    const anchor = ANCHORS[char];
    if (set !== undefined || anchor !== undefined) {
      this.cursor.at++;
      return anchor ?? (char === char.toLowerCase() ? `[${set}]` : `[^${set}]`);
    }
    if (char === 'p' || char === 'P') {
      return `[${propertyClass(this.cursor, flags)}]`;
    }
    return this.#char(escapedChar(this.cursor), flags);
  }

  #group(flags: Flags): string {
    if (this.#eat('?#')) {
      while (this.#next !== undefined && this.#next !== ')') {
        this.cursor.at++;
      }
      this.#close();
      return '(?:)';
    }
    for (const look of ['?=', '?!', '?<=', '?<!']) {
      if (this.#eat(look)) {
        return `(${look}${this.#body(flags)})`;
      }
    }
    if (this.#eat('?>')) {
      return this.#atomic(this.#body(flags));
    }
    if (this.#eat('?:')) {
      return `(?:${this.#body(flags)})`;
    }
    const rest = this.cursor.chars.slice(this.cursor.at, this.cursor.at + 64).join('');
    const name = /^\?<[A-Za-z_]\w*>/.exec(rest);
    if (name) {
      this.cursor.at += name[0].length;
      return `(?:${this.#body(flags)})`;
    }
    return rest.startsWith('?') ? this.#options(rest, flags) : `(?:${this.#body(flags)})`;
  }

  /** `(?i)` holds to the end of the group around it, alternatives included. */
  #options(rest: string, flags: Flags): string {
    const [text, on = '', off = '', end] = /^\?([im]*)(?:-([imx]*))?([:)])/.exec(rest) ?? [''];
    if (!text) {
      return this.cursor.fail(`it has a group of an unknown kind, (${rest.slice(0, 3)}`);
    }
    this.cursor.at += text.length;
    const inner = {
      ignoreCase: !off.includes('i') && (on.includes('i') || flags.ignoreCase),
      dotAll: !off.includes('m') && (on.includes('m') || flags.dotAll),
    };
    return `(?:${end === ':' ? this.#body(inner) : this.#alternation(inner)})`;
  }

  #body(flags: Flags): string {
    const source = this.#alternation(flags);
    this.#close();
    return source;
  }

  #close(): void {
    if (!this.#eat(')')) {
      this.cursor.fail('it has an unmatched (');
    }
  }
}

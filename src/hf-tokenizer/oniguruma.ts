import { caseVariants } from './case-variants.js';
import { MAX_DEPTH, MAX_TEXT } from './fields.js';
import { parseClass, propertyClass } from './oniguruma-class.js';
import {
  ANY,
  escapedChar,
  type Flags,
  literal,
  type PatternCursor,
  PatternError,
  SETS,
  WORD,
} from './oniguruma-syntax.js';

/**
 * Compiles a pattern in Oniguruma's Ruby syntax, which Hugging Face's tokenizers use, to a JavaScript regular
 * expression with the flags `g` and `v`. It keeps these differences: `^` and `$` match at lines, only `\n` ends a line,
 * `\h` is a hexadecimal digit, `\s` `\w` `\d` `\b` are Unicode's, and `{n,m}+` repeats and is not possessive. It does
 * not keep foldings of one letter to several: a case-insensitive "ss" does not match "ß".
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

/** Translates a pattern to the source of a JavaScript regular expression. @throws PatternError */
export function translateOniguruma(pattern: string): string {
  if (pattern.length > MAX_TEXT) {
    throw new PatternError(pattern, `it is longer than ${MAX_TEXT} characters`);
  }
  const cursor: PatternCursor = {
    chars: [...pattern],
    at: 0,
    fail: (why) => {
      throw new PatternError(pattern, why);
    },
  };
  return new Translator(cursor).whole();
}

/** Anchors at the ends of the text: JavaScript's `^` and `$` without the flag `m`. */
const ANCHORS: Readonly<Record<string, string>> = {
  A: '^',
  z: '$',
  Z: '(?=\\n?$)',
  b: `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`,
  B: `(?:(?<=[${WORD}])(?=[${WORD}])|(?<![${WORD}])(?![${WORD}]))`,
};

/** `\R`, which never matches half of a `\r\n`. */
const LINE_END = '\\r\\n|[\\n-\\r\\u{85}\\u{2028}\\u{2029}]';

const QUANTIFIER = /^(?:[?*+]|\{(\d*)(,?)(\d*)\})/;

class Translator {
  #depth = 0;
  #atomics = 0;

  constructor(readonly cursor: PatternCursor) {}

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

  /** Translates alternatives up to the end of the group. */
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

  /** An atomic group: a lookahead is never tried again, so it captures the match, and a back-reference repeats it. */
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
        return '(?:^|(?<=\\n)(?!$))';
      case '$':
        return '(?=\\n|$)';
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
    if (char === 'R') {
      this.cursor.at++;
      return this.#atomic(LINE_END);
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

  /** Translates options. `(?i)` holds up to the end of the surrounding group, across alternatives. */
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

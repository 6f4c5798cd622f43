import { UnsupportedTokenizerError } from './errors.js';

/** The pattern is malformed, or JavaScript's regular expressions cannot express it. */
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

/** A position in a pattern. The parsers of the pattern and of its character classes share it. */
export interface PatternCursor {
  readonly chars: readonly string[];
  at: number;
  fail(why: string): never;
}

export interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
}

/** One character as a literal, in a class or outside. */
export function literal(char: string): string {
  return /^[A-Za-z0-9]$/.test(char) ? char : `\\u{${char.codePointAt(0)?.toString(16)}}`;
}

/** Any character. (With the flag `v`, V8 of Node 20 reads `[^]+` as `[^]`.) */
export const ANY = '[\\s\\S]';
const SPACE = '\\p{White_Space}';
/** Word characters. Oniguruma's include the superscripts and fractions of Latin-1. */
export const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}';

/** Escapes of sets → the inside of a class. */
export const SETS: Readonly<Record<string, string>> = {
  s: SPACE,
  w: WORD,
  d: '\\p{Nd}',
  h: '0-9a-fA-F',
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

/** The character of an escape. The cursor is behind the backslash. */
export function escapedChar(cursor: PatternCursor): string {
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

import { caseVariants } from './case-variants.js';
import { MAX_DEPTH } from './fields.js';
import { escapedChar, type Flags, literal, type PatternCursor, SETS } from './oniguruma-syntax.js';

/** The widest range that is folded letter by letter if case is ignored. */
const MAX_FOLDED_RANGE = 512;

/** Names of POSIX brackets and properties that JavaScript does not have → the inside of a class. */
const NAMED: Readonly<Record<string, string>> = {
  alnum: '\\p{Alphabetic}\\p{Nd}',
  alpha: '\\p{Alphabetic}',
  blank: '\\p{Zs}\\t',
  cntrl: '\\p{Cc}',
  digit: '\\p{Nd}',
  lower: '\\p{Lowercase}',
  punct: '\\p{P}',
  space: '\\p{White_Space}',
  upper: '\\p{Uppercase}',
  word: '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}',
  xdigit: '0-9a-fA-F',
  ascii: '\\u{0}-\\u{7f}',
  any: '\\u{0}-\\u{10ffff}',
};

/** Properties of letters of one case. Ignoring case would widen them. */
const CASED = /^(?:l[ult]|lc|lower|upper|(?:upper|lower|title|cased)(?:case)?(?:letter)?)$/;

/** Translates `\p{Name}`, `\P{Name}` or `\p{^Name}` into the inside of a class. The cursor is at the p. */
export function propertyClass(cursor: PatternCursor, flags: Flags): string {
  const rest = cursor.chars.slice(cursor.at, cursor.at + 64).join('');
  const match = /^([pP])\{(\^?)([\w -]+)\}/.exec(rest);
  if (!match) {
    return cursor.fail('it has a malformed \\p{…}');
  }
  cursor.at += match[0].length;
  const [, p, caret, name = ''] = match;
  return named(cursor, name, (p === 'P') !== (caret === '^'), flags);
}

function named(cursor: PatternCursor, name: string, negated: boolean, flags: Flags): string {
  const key = name.toLowerCase().replace(/[ _-]/g, '');
  if (flags.ignoreCase && CASED.test(key)) {
    return cursor.fail(`it ignores the case of \\p{${name}}`);
  }
  const inside = Object.hasOwn(NAMED, key) ? NAMED[key] : property(name);
  if (inside === undefined) {
    return cursor.fail(`it has the unknown property \\p{${name}}`);
  }
  return negated ? `[^${inside}]` : inside;
}

/** The official name of a property: JavaScript needs it, and Oniguruma takes any spelling. */
function property(name: string): string | undefined {
  const spelled = name
    .split(/[ _-]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
    .join('_');
  const forms = [`\\p{${spelled}}`, `\\p{Script=${spelled}}`, `\\p{${name}}`];
  return forms.find((form) => {
    try {
      new RegExp(form, 'v');
      return true;
    } catch {
      return false;
    }
  });
}

/** Translates a bracket class into one of JavaScript's `v` mode. The cursor is behind the `[`. */
export function parseClass(cursor: PatternCursor, flags: Flags, depth: number): string {
  if (depth > MAX_DEPTH) {
    return cursor.fail('its classes are nested too deep');
  }
  const negated = cursor.chars[cursor.at] === '^';
  cursor.at += negated ? 1 : 0;
  const operands = [''];
  for (let first = true; ; first = false) {
    const char = cursor.chars[cursor.at];
    if (char === undefined) {
      return cursor.fail('it has an unmatched [');
    }
    if (char === ']' && !first) {
      cursor.at++;
      break;
    }
    if (char === '&' && cursor.chars[cursor.at + 1] === '&') {
      cursor.at += 2;
      operands.push('');
    } else {
      operands[operands.length - 1] += item(cursor, flags, depth);
    }
  }
  const inside = operands.length === 1 ? operands[0] : operands.map((operand) => `[${operand}]`).join('&&');
  return `[${negated ? '^' : ''}${inside}]`;
}

/** Translates a member of a class: a nested class, a set, a character or a range. */
function item(cursor: PatternCursor, flags: Flags, depth: number): string {
  if (cursor.chars[cursor.at] === '[') {
    const posix = /^\[:(\^?)(\w+):\]/.exec(cursor.chars.slice(cursor.at, cursor.at + 16).join(''));
    cursor.at += posix ? posix[0].length : 1;
    return posix ? bracket(cursor, posix[2] ?? '', posix[1] === '^', flags) : parseClass(cursor, flags, depth + 1);
  }
  const set = escapedSet(cursor, flags);
  if (set !== null) {
    return set;
  }
  const from = member(cursor);
  const [dash, after] = cursor.chars.slice(cursor.at, cursor.at + 2);
  if (dash !== '-' || after === ']' || after === undefined) {
    return folded(cursor, from, from, flags);
  }
  cursor.at++;
  if (after === '[' || escapedSet(cursor, flags) !== null) {
    return cursor.fail('a range in it ends in a class');
  }
  return folded(cursor, from, member(cursor), flags);
}

/** Translates a POSIX bracket. `[:punct:]` contains symbols; `\p{Punct}` does not. */
function bracket(cursor: PatternCursor, name: string, negated: boolean, flags: Flags): string {
  if (name === 'punct') {
    return negated ? '[^\\p{P}\\p{S}]' : '\\p{P}\\p{S}';
  }
  return named(cursor, name, negated, flags);
}

/** Translates `\s`, `\p{L}` and other sets. For anything else it returns null and does not move the cursor. */
function escapedSet(cursor: PatternCursor, flags: Flags): string | null {
  const letter = cursor.chars[cursor.at] === '\\' ? cursor.chars[cursor.at + 1] : undefined;
  const set = letter === undefined ? undefined : SETS[letter.toLowerCase()];
  if (set !== undefined) {
    cursor.at += 2;
    return letter === letter?.toLowerCase() ? set : `[^${set}]`;
  }
  if (letter === 'p' || letter === 'P') {
    cursor.at++;
    return propertyClass(cursor, flags);
  }
  return null;
}

function member(cursor: PatternCursor): string {
  const char = cursor.chars[cursor.at++] ?? '';
  if (char !== '\\') {
    return char;
  }
  if (cursor.chars[cursor.at] === 'b') {
    cursor.at++;
    return '\b';
  }
  return escapedChar(cursor);
}

function folded(cursor: PatternCursor, from: string, to: string, flags: Flags): string {
  const [first, last] = [from.codePointAt(0) ?? 0, to.codePointAt(0) ?? 0];
  if (first > last) {
    return cursor.fail('a range in it runs backwards');
  }
  const range = first === last ? literal(from) : `${literal(from)}-${literal(to)}`;
  if (!flags.ignoreCase) {
    return range;
  }
  if (last - first > MAX_FOLDED_RANGE) {
    return cursor.fail('it ignores case in a wide range');
  }
  const variants = Array.from({ length: last - first + 1 }, (_, i) => caseVariants(String.fromCodePoint(first + i)));
  return range + variants.flat().map(literal).join('');
}

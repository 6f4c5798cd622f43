/** What Python's `str` methods and format strings do where JavaScript's differ; names and labels depend on it. */

/** `str.isspace`: unlike `\s`, with the separators U+001C..1F and U+0085, and without the byte order mark. */
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const ONE_SPACE = new RegExp(`^${SPACE}$`);
const SPACES = new RegExp(`${SPACE}+`);
const LINE_BREAK = '[\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029]';
const LINE_END = new RegExp(`\\r\\n|${LINE_BREAK}`);

export function strip(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && ONE_SPACE.test(text.charAt(start))) {
    start++;
  }
  while (end > start && ONE_SPACE.test(text.charAt(end - 1))) {
    end--;
  }
  return text.slice(start, end);
}

/** `text.split()`: at runs of white space, without empty parts. */
export function splitWords(text: string): string[] {
  return text.split(SPACES).filter((word) => word !== '');
}

export function splitLines(text: string): string[] {
  return text.split(LINE_END);
}

/** `str.islower`: a cased character, and none of them upper or title case. */
export function isLower(text: string): boolean {
  return /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text);
}

/** `str.isdecimal` of one character. */
export function isDecimal(char: string | undefined): boolean {
  return char !== undefined && /^\p{Nd}$/u.test(char);
}

/** `str.isalpha`: letters only, and at least one. */
export function isAlpha(text: string | undefined): boolean {
  return text !== undefined && /^\p{L}+$/u.test(text);
}

/** `str.title`: the first of each run of cased characters in title case, the others in lower case. */
export function title(text: string): string {
  return text.replace(/(\p{Cased})(\p{Cased}*)/gu, (_run, first: string, rest: string) => {
    const [head = '', ...tail] = first.toUpperCase();
    return head + tail.join('').toLowerCase() + rest.toLowerCase();
  });
}

/** `f"{value:.{digits}f}"`: of two equally near decimals the even one, where `toFixed` takes the larger. */
export function formatFixed(value: number, digits: number): string {
  // A double of at least 2^-47 is exact in 100 decimals.
  const exact = value.toFixed(100);
  const cut = exact.indexOf('.') + 1 + digits;
  const even = /[02468]\.?$/.test(exact.slice(0, cut));
  const tie = /^50*$/.test(exact.slice(cut));
  return tie && even ? exact.slice(0, digits === 0 ? cut - 1 : cut) : value.toFixed(digits);
}

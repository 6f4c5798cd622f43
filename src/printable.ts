/**
 * Characters that could drive a terminal, reorder text, hide in it or break XML: control characters, those of formats
 * (bidirectional marks and zero-width ones among them), separators of lines, halves of surrogate pairs, and what Unicode
 * has shown as nothing. The variation selectors of emoji and CJK are let through: people see what they do.
 */
const HIDDEN =
  /(?![\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;

/** As JSON has them. */
const NAMED = new Map([
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\f', '\\f'],
  ['\r', '\\r'],
]);

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  const isHalf = code >= 0xd800 && code <= 0xdfff;
  return NAMED.get(char) ?? (code < 0x20 || isHalf ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`);
}

/** Text from a file, on one line, in which hidden characters are shown as escapes. */
export function printable(text: string): string {
  return text.replace(HIDDEN, escaped);
}

/** The same in quotes. */
export function quoted(text: string): string {
  return printable(JSON.stringify(text));
}

/** The same with its lines and tabs. */
export function printableLines(text: string): string {
  return text.replace(HIDDEN, (char) => (char === '\n' || char === '\t' ? char : escaped(char)));
}

/** A JSON document that means the same, without hidden characters. */
export function printableJson(json: string): string {
  return json.replace(HIDDEN, (char) => (char === '\n' ? char : inJson(char)));
}

/** Each half of a surrogate pair by itself. */
function inJson(char: string): string {
  return Array.from({ length: char.length }, (_, i) => {
    return `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }).join('');
}

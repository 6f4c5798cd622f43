// Text in columns of a terminal.

/** East Asian and pictographic characters, which take two columns. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns that a text without colours takes. */
export function textWidth(text: string): number {
  // Most of what is shown is ASCII, and tables are long.
  return /^[\x20-\x7e]*$/.test(text) ? text.length : [...text].reduce((sum, char) => sum + charWidth(char), 0);
}

function charWidth(char: string): number {
  return /\p{M}/u.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
}

/** What of a text's beginning fits into a width. */
function head(text: string, width: number): string {
  let [kept, used] = ['', 0];
  for (const char of text) {
    used += charWidth(char);
    if (used > width) {
      break;
    }
    kept += char;
  }
  return kept;
}

/** To a width, with an ellipsis where the end was. */
export function cutEnd(text: string, width: number): string {
  return textWidth(text) <= width ? text : `${head(text, width - 1)}…`;
}

/** To a width, with an ellipsis where the middle was: names differ at their ends. */
export function cutMiddle(text: string, width: number): string {
  if (textWidth(text) <= width) {
    return text;
  }
  const kept = head(text, Math.floor((width - 1) / 2));
  const rest = [...text].reverse().join('');
  return `${kept}…${[...head(rest, width - 1 - textWidth(kept))].reverse().join('')}`;
}

/**
 * Lines of whole words; what is longer than a line is cut, wherever that is. Lines of the text stay lines.
 * @param width columns; Infinity wraps nothing.
 * @param indent of all lines but the first.
 */
export function wrap(text: string, width: number, indent = ''): string {
  if (width === Number.POSITIVE_INFINITY) {
    return text;
  }
  return text
    .split('\n')
    .map((line) => wrapLine(line, width, indent).join('\n'))
    .join('\n');
}

function wrapLine(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = /^ */.exec(text)?.[0] ?? '';
  let isEmpty = true;
  for (const word of text.slice(line.length).split(' ')) {
    if (!isEmpty && textWidth(`${line} ${word}`) > width) {
      lines.push(line.trimEnd());
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
    while (textWidth(line) > width) {
      const piece = head(line, width);
      lines.push(piece);
      line = indent + line.slice(piece.length);
    }
  }
  return [...lines, line];
}

import { printable } from '../printable.js';

/** Widths in ems of a wide, bold font: capital letters, full-width characters (such as ideographs), and all others. */
const [CAPITAL, WIDE, OTHER] = [0.82, 1.1, 0.7];

/**
 * Estimates the width of a text in pixels, rather too large, because fonts differ.
 * @param size the font size in pixels.
 */
export function estimateWidth(text: string, size: number): number {
  const ems = [...text].map((char) => (/[A-Z%&@mw]/.test(char) ? CAPITAL : char < '\u2e80' ? OTHER : WIDE));
  return ems.reduce((sum, em) => sum + em, 0) * size;
}

/**
 * Shortens a text of more than `most` characters by cutting out its middle, because names of files differ at their
 * ends.
 */
export function cutMiddle(text: string, most: number): string {
  const chars = [...text];
  const end = Math.floor((most - 1) / 2);
  return chars.length > most ? `${chars.slice(0, most - 1 - end).join('')}…${chars.slice(-end).join('')}` : text;
}

const NAME_WIDTH = 34;

/** The name of a model: the last part of its path or address. */
export function modelName(source: string): string {
  const last =
    source
      .replace(/[\\/]+$/, '')
      .split(/[\\/]/)
      .at(-1) ?? source;
  return printable(last.replace(/\.gguf$/i, ''));
}

/** The common start of names, up to and with a separator; empty if there is none. */
export function sharedStart(names: readonly string[]): string {
  const [first = ''] = names;
  const end = [...first].findIndex(
    (_, i, chars) => !names.every((name) => name.startsWith(chars.slice(0, i + 1).join(''))),
  );
  const shared = end < 0 ? first : [...first].slice(0, end).join('');
  return names.length > 1 ? (/^.*[-._ ]/s.exec(shared)?.[0] ?? '') : '';
}

/** Labels for files: their types if these are all different, else their names. */
export function fileLabels(files: readonly { readonly name: string; readonly type: string | null }[]): string[] {
  const names = files.map(({ name }) => modelName(name));
  const start = sharedStart(names).length;
  return files.map(({ type }, i) => {
    const alone = type !== null && files.filter((other) => other.type === type).length === 1;
    const name = names[i] ?? '';
    return cutMiddle(alone ? printable(type) : name.slice(start) || name, NAME_WIDTH);
  });
}

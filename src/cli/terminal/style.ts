import { styleText } from 'node:util';

const FORMATS = { error: 'red', warning: 'yellow', heading: 'bold', note: 'dim', bar: 'cyan' } as const;

export type Style = keyof typeof FORMATS;
/** Colours a text that has its final layout: codes count as characters where widths are measured. */
export type Paint = (style: Style, text: string) => string;

/** No colours. */
export const plain: Paint = (_, text) => text;

/** Colours on a terminal that has them; `NO_COLOR` and `FORCE_COLOR` decide otherwise, the latter over the former. */
export function painter(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Paint {
  return hasColour(stream, env) ? (style, text) => MARKS[style] + text + END : plain;
}

/**
 * Colours are marked by characters that no text has (Unicode's noncharacters, which `printable` escapes), and become codes
 * when they are written. So no code that came with a text is taken for one of ours.
 */
const MARKS = { error: '\ufdd0', warning: '\ufdd1', heading: '\ufdd2', note: '\ufdd3', bar: '\ufdd4' } as const;
const END = '\ufddf';
const MARKED = new RegExp(`(${Object.values(MARKS).join('|')})([^${END}]*)${END}`);

/** Shows all text but the marks by `show`, and the marks as codes. */
export function withCodes(text: string, show: (text: string) => string): string {
  const parts = text.split(MARKED);
  let shown = show(parts[0] ?? '');
  for (let i = 1; i < parts.length; i += 3) {
    const style = STYLES.find((name) => MARKS[name] === parts[i]) ?? 'note';
    shown += styleText(FORMATS[style], show(parts[i + 1] ?? ''), ALWAYS) + show(parts[i + 2] ?? '');
  }
  return shown;
}

const STYLES = Object.keys(FORMATS) as Style[];
/** Newer versions of Node would look at the standard output by themselves. */
const ALWAYS = { validateStream: false };

function hasColour({ isTTY }: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (env.FORCE_COLOR !== undefined) {
    return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  }
  return !env.NO_COLOR && isTTY === true && env.TERM !== 'dumb';
}

import { styleText } from 'node:util';

const FORMATS = { error: 'red', warning: 'yellow', heading: 'bold', note: 'dim', bar: 'cyan' } as const;

export type Style = keyof typeof FORMATS;
/** Colours a text that has its final layout: codes count as characters where widths are measured. */
export type Paint = (style: Style, text: string) => string;

/** No colours. */
export const plain: Paint = (_, text) => text;

/** Colours on a terminal that has them; `NO_COLOR` and `FORCE_COLOR` decide otherwise, the latter over the former. */
export function painter(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Paint {
  return hasColour(stream, env) ? (style, text) => styleText(FORMATS[style], text, ALWAYS) : plain;
}

/** Newer versions of Node would look at the standard output by themselves. */
const ALWAYS = { validateStream: false };

function hasColour({ isTTY }: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (env.FORCE_COLOR !== undefined) {
    return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  }
  return !env.NO_COLOR && isTTY === true && env.TERM !== 'dumb';
}

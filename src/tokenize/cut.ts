import { splitText } from '../text/split.js';
import { asUnicode15 } from './unicode.js';

/** Cuts a text into pieces, each of which is merged by itself. */
export type Cut = (text: string) => string[];

/**
 * Compiles patterns of pre-tokenizers.ts. Each pattern cuts the pieces that the one before it left. As in llama.cpp
 * (`unicode_regex_split`), a pattern with Unicode categories uses Unicode 15's tables, and a pattern without sees white
 * space beyond ASCII as a vertical tab.
 */
export function compileCut(patterns: readonly string[]): Cut {
  const steps = patterns.map(compileStep);
  return (text) => {
    let pieces = [text];
    for (const step of steps) {
      pieces = step.cutAll(pieces);
    }
    return pieces;
  };
}

function compileStep(source: string): { cutAll(pieces: readonly string[]): string[] } {
  const unicode = source.replaceAll('\\s', '\\p{White_Space}').replaceAll('\\S', '\\P{White_Space}');
  const pattern = new RegExp(unicode, 'gu');
  const view = /\\p\{/i.test(source) ? asUnicode15 : withPlainSpaces;
  return {
    cutAll(pieces) {
      const result: string[] = [];
      for (const piece of pieces) {
        let at = 0;
        for (const { length } of splitText(view(piece), pattern, 'Isolated')) {
          result.push(piece.slice(at, at + length));
          at += length;
        }
      }
      return result;
    },
  };
}

const OTHER_SPACES = /(?![\t-\r ])\p{White_Space}/gu;
const withPlainSpaces = (text: string) => text.replace(OTHER_SPACES, '\v');

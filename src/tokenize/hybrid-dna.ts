import type { Tokens } from './tokens.js';

const [OPEN, CLOSE, UNKNOWN] = ['<dna>', '</dna>', '<oov>'];
/** The bases of a token. */
const RUN = 6;
/** U+E000 behind a token of bases: without it, it might be a token of text as well. */
const MARKER = '\ue000';

/**
 * Encodes what stands between `<dna>` and `</dna>`, or the end, as runs of six bases, the last filled up with A. Any
 * other text goes to `encode`, as all does in a vocabulary without these tokens. Source:
 * llm_tokenizer_hybriddna_session in src/llama-vocab.cpp.
 */
export function encodeDna(text: string, ids: Tokens['ids'], output: number[], encode: (plain: string) => void): void {
  const [open, close, unknown] = [OPEN, CLOSE, UNKNOWN].map((token) => ids.get(token));
  if (open === undefined || close === undefined || unknown === undefined) {
    encode(text);
    return;
  }
  for (let at = 0; at < text.length; ) {
    const start = text.indexOf(OPEN, at);
    if (start !== at) {
      encode(text.slice(at, start < 0 ? text.length : start));
    }
    if (start < 0) {
      return;
    }
    output.push(open);
    const end = text.indexOf(CLOSE, start);
    const bases = Buffer.from(text.slice(start + OPEN.length, end < 0 ? text.length : end)).toString('latin1');
    for (const run of bases.match(/[\s\S]{1,6}/g) ?? []) {
      output.push(ids.get(upperCase(run).padEnd(RUN, 'A') + MARKER) ?? unknown);
    }
    if (end < 0) {
      return;
    }
    output.push(close);
    at = end + CLOSE.length;
  }
}

/** Of ASCII alone. */
function upperCase(run: string): string {
  return run.replace(/[a-z]/g, (char) => char.toUpperCase());
}

/** The texts as they are shown: behind `<oov>` without the markers. */
export function withoutMarkers({ texts, ids }: Tokens): readonly string[] {
  const from = ids.get(UNKNOWN) ?? texts.length;
  return texts.map((text, id) =>
    id > from && text.length > MARKER.length && text.endsWith(MARKER) ? text.slice(0, -MARKER.length) : text,
  );
}

import type { RunningModel } from '#src/runner/measure.js';

export interface Call {
  readonly tokens: readonly number[];
  readonly past: number;
  readonly logitsFrom: number;
}

export interface Fake {
  readonly name?: string;
  /** Letters of the vocabulary; a text has a token for each of its letters. */
  readonly letters?: string;
  readonly bos?: string;
  /** Logits after the token at a position of the chunk. */
  logits(token: number, position: number): readonly number[];
}

/** A model whose predictions the test chooses, and the calls that it got. */
export function fakeModel({ name = 'model.gguf', letters = 'abcd', bos, logits }: Fake) {
  const calls: Call[] = [];
  const graph = { architecture: 'fake', vocabulary: letters.length, contextLength: 4096, operators: [], outputs: [] };
  const model: RunningModel = {
    source: name,
    vocabulary: {
      size: letters.length,
      bos: bos === undefined ? null : letters.indexOf(bos),
      eos: null,
      endOfGeneration: new Set(),
      addBos: bos !== undefined,
      addEos: false,
      encode: (text) => Int32Array.from((bos ?? '') + text, (letter) => letters.indexOf(letter)),
      piece: (token) => new TextEncoder().encode(letters[token]),
    },
    engine: {
      graph,
      run: async (tokens, past, logitsFrom) => {
        calls.push({ tokens: [...tokens], past, logitsFrom });
        const rows = [...tokens].slice(logitsFrom).map((token, i) => logits(token, past + logitsFrom + i));
        return [Float32Array.from(rows.flat())];
      },
    },
  };
  return { model, calls };
}

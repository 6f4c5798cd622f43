import type { Engine } from '#src/runner/engine.js';
import type { Vocabulary } from '#src/tokenize/vocabulary.js';

/** A vocabulary of bytes, with 1 as the BOS and 2 as the EOS. */
export function letters({ addBos = false }: { addBos?: boolean } = {}): Vocabulary {
  return {
    size: 256,
    bos: 1,
    eos: 2,
    endOfGeneration: new Set([2]),
    addBos,
    addEos: false,
    encode: (text, { edges }) => Int32Array.of(...(edges && addBos ? [1] : []), ...Buffer.from(text)),
    piece: (token) => (token > 2 ? Uint8Array.of(token) : new Uint8Array(0)),
  };
}

interface Fake {
  readonly vocabulary: number;
  /** The token that is likeliest after one, at a position. */
  next?(token: number, position: number): number;
}

/** An engine that knows one continuation. */
export function fakeEngine({ vocabulary, next = (token) => token }: Fake): Engine {
  return {
    graph: { architecture: 'fake', vocabulary, contextLength: 64, operators: [], outputs: [] },
    async run(tokens, past, logitsFrom) {
      const logits = new Float32Array((tokens.length - logitsFrom) * vocabulary);
      for (let i = logitsFrom; i < tokens.length; i++) {
        logits[(i - logitsFrom) * vocabulary + next(tokens[i] ?? 0, past + i)] = 1;
      }
      return [logits];
    },
    collect: () => {},
    activations: () => new Map(),
    close: () => {},
  };
}

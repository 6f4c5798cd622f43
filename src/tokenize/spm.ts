import { byteToken } from '../text/byte-tokens.js';
import { joinTexts, type Merges, mergeSymbols, NONE } from '../text/merge.js';
import { rawByte } from './bpe.js';
import { UnencodableTextError } from './errors.js';
import type { Tokens } from './tokens.js';

/**
 * SentencePiece BPE. It joins characters to tokens, those of the highest score first. Symbols that are no token become
 * bytes.
 */
export class SpmEncoder {
  /** The rank of each token's score, the highest first. Equal scores have the same rank. */
  readonly #ranks: Int32Array;
  readonly #merges: Merges<string> = {
    rank: (left, right) => {
      const id = this.tokens.ids.get(left + right);
      return id === undefined ? NONE : (this.#ranks[id] as number);
    },
    join: joinTexts,
  };

  constructor(readonly tokens: Tokens) {
    const { scores } = tokens;
    const order = Uint32Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number));
    this.#ranks = new Int32Array(scores.length);
    let rank = 0;
    order.forEach((id, i) => {
      rank += i > 0 && scores[id] !== scores[order[i - 1] as number] ? 1 : 0;
      this.#ranks[id] = rank;
    });
  }

  /** Encodes a text without special tokens and appends its ids to `output`. @throws UnencodableTextError */
  encode(text: string, output: number[]): void {
    const { ids } = this.tokens;
    for (const symbol of mergeSymbols([...text.replaceAll(' ', '▁')], this.#merges)) {
      const id = ids.get(symbol);
      if (id !== undefined) {
        output.push(id);
      } else {
        for (const byte of Buffer.from(symbol)) {
          output.push(this.#byte(byte, symbol));
        }
      }
    }
  }

  #byte(byte: number, symbol: string): number {
    const id = this.tokens.ids.get(byteToken(byte)) ?? this.tokens.ids.get(rawByte(byte));
    if (id === undefined) {
      throw new UnencodableTextError(
        `The vocabulary has no token for ${JSON.stringify(symbol)}, and none for its bytes.`,
        'Leave the character out of the text.',
      );
    }
    return id;
  }
}

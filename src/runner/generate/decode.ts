import type { Vocabulary } from '../../tokenize/vocabulary.js';
import type { End } from './continue.js';

export interface Decoded {
  readonly text: string;
  readonly tokens: number;
  readonly end: End;
}

/**
 * Decodes tokens to pieces of text with whole characters. A character of several tokens comes with the last of them.
 * Bytes that are no character become U+FFFD.
 */
export async function* decodeTokens(
  tokens: AsyncGenerator<number, End>,
  vocabulary: Pick<Vocabulary, 'piece'>,
): AsyncGenerator<string, Decoded> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let [text, count] = ['', 0];
  for (;;) {
    const { done, value } = await tokens.next();
    const piece = done
      ? decoder.decode()
      : decoder.decode(vocabulary.piece(value, { special: false }), { stream: true });
    if (piece !== '') {
      text += piece;
      yield piece;
    }
    if (done) {
      return { text, tokens: count, end: value };
    }
    count++;
  }
}

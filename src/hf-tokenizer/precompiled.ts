import { checkLength, malformed } from './fields.js';

/**
 * Builds sentencepiece's `precompiled_charsmap`. It is base64 of these bytes: the size of the trie (u32), a
 * double-array trie of u32 units (Darts-clone), and the replacements, each with a zero byte at its end. A leaf holds
 * the offset of its replacement.
 */
export function precompiled(base64: string): (text: string) => string {
  const bytes = Buffer.from(base64, 'base64');
  const size = bytes.length >= 4 ? bytes.readUInt32LE(0) : -1;
  if (size < 4 || size % 4 !== 0 || 4 + size > bytes.length) {
    throw malformed('precompiled_charsmap is no map of characters');
  }
  const trie = new CharsMap(bytes.subarray(4, 4 + size), bytes.subarray(4 + size));
  return (text) => {
    let result = '';
    for (const segment of graphemes(text)) {
      // ref-quirk: the tokenizers library (normalizers/precompiled.rs) looks a cluster up as a whole only if it has
      // fewer than 6 bytes.
      const whole = Buffer.byteLength(segment) < 6 ? trie.replacement(segment) : null;
      result += whole ?? Array.from(segment, (char) => trie.replacement(char) ?? char).join('');
      checkLength(result.length, 'the normalizer Precompiled');
    }
    return result;
  };
}

/** Created on first use, because it loads tables. */
let segmenter: Intl.Segmenter | undefined;
/** Code units that are segmented at once. V8's segmenter takes time with the square of the text's length. */
const WINDOW = 128;

/** Yields the grapheme clusters of a text. */
function* graphemes(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  let window = WINDOW;
  for (let start = 0; start < text.length; ) {
    const segments = Array.from(segmenter.segment(text.slice(start, start + window)), ({ segment }) => segment);
    // The last cluster may continue behind the window.
    const last = start + window < text.length ? segments.pop() : undefined;
    yield* segments;
    window = segments.length > 0 ? WINDOW : window * 2;
    start = last === undefined ? text.length : start + segments.reduce((sum, segment) => sum + segment.length, 0);
  }
}

class CharsMap {
  constructor(
    readonly units: Buffer,
    readonly replacements: Buffer,
  ) {}

  /** The replacement for the shortest entry at the start of `text`; null if there is none. */
  replacement(text: string): string | null {
    let node = offsetOf(this.#unit(0));
    for (const byte of Buffer.from(text)) {
      node ^= byte;
      const unit = this.#unit(node);
      if (byte === 0 || (unit & 0x800000ff) !== byte) {
        return null;
      }
      node ^= offsetOf(unit);
      if ((unit >>> 8) & 1) {
        return this.#text(this.#unit(node) & 0x7fffffff);
      }
    }
    return null;
  }

  #unit(index: number): number {
    return index * 4 + 4 <= this.units.length ? this.units.readUInt32LE(index * 4) : 0;
  }

  #text(start: number): string {
    const end = this.replacements.indexOf(0, start);
    return this.replacements.toString('utf8', start, end < 0 ? undefined : end);
  }
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

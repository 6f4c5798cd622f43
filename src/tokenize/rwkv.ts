import { encodeRaw } from '../gguf/raw-strings.js';
import type { Tokens } from './tokens.js';

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r' };

/** The bytes of a token of RWKV's vocabulary, which is written with escapes (llama_unescape_rwkv_token). */
export function unescaped(token: string): Uint8Array {
  const bytes = Buffer.from(encodeRaw(token)).toString('latin1');
  const text = bytes.replace(/\\(?:x([0-9a-f]{2})|([\s\S]))/g, (_, hex: string | undefined, char: string) =>
    hex === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(text, 'latin1');
}

/** RWKV's tokenizer: at each place it takes the longest token that stands there. */
export class RwkvEncoder {
  /** Tokens as strings of Latin-1, one character for each byte. */
  readonly #ids = new Map<string, number>();
  /** The length of the longest token that begins with a byte. */
  readonly #longest = new Uint32Array(256);

  constructor({ texts }: Tokens) {
    for (const [id, text] of texts.entries()) {
      const bytes = unescaped(text);
      const first = bytes[0];
      if (first !== undefined) {
        this.#ids.set(Buffer.from(bytes).toString('latin1'), id);
        this.#longest[first] = Math.max(this.#longest[first] ?? 0, bytes.length);
      }
    }
  }

  /** Encodes a text without special tokens and appends its ids. A byte that begins no token becomes `unknown`. */
  encode(text: string, output: number[], unknown: number | null): void {
    const bytes = Buffer.from(text).toString('latin1');
    for (let at = 0; at < bytes.length; ) {
      let length = Math.min(this.#longest[bytes.charCodeAt(at)] ?? 0, bytes.length - at);
      while (length > 0 && !this.#ids.has(bytes.slice(at, at + length))) {
        length--;
      }
      const id = length > 0 ? this.#ids.get(bytes.slice(at, at + length)) : unknown;
      if (id !== null && id !== undefined) {
        output.push(id);
      }
      at += Math.max(length, 1);
    }
  }
}

import { decodeRaw, writeRaw } from '../../gguf/raw-strings.js';

/** A C string's text: the bytes before the first 0. */
export function fromCString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeRaw(Buffer.from(bytes), 0, end < 0 ? bytes.length : end);
}

/** What remains of a text in a C string of at most `limit` bytes: the cut may go through a character. */
export function cutToBytes(text: string, limit: number): string {
  const bytes = Buffer.alloc(3 * text.length);
  const length = writeRaw(bytes, text, 0);
  return fromCString(bytes.subarray(0, Math.min(length, limit)));
}

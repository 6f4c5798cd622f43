import { isUtf8 } from 'node:buffer';

/**
 * Text of any bytes: a byte that is no part of UTF-8 stands as the lone surrogate U+DC80 to U+DCFF with its value in the
 * low half, as Python's `surrogateescape` has it, and the GGUF writer makes the byte of it again.
 */

/** A C string's text: the bytes before the first 0. */
export function fromCString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** What remains of a text in a C string of at most `limit` bytes: the cut may go through a character. */
export function cutToBytes(text: string, limit: number): string {
  return fromCString(encode(text).subarray(0, limit));
}

function decode(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0;
    const length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const character = bytes.subarray(at, at + length);
    const valid = isUtf8(character);
    text += valid ? Buffer.from(character).toString() : String.fromCharCode(0xdc00 + lead);
    at += valid ? length : 1;
  }
  return text;
}

function encode(text: string): Buffer {
  const parts = text.split(/([\udc80-\udcff])/u);
  // Every second part is what the pattern found.
  return Buffer.concat(
    parts.map((part, i) => (i % 2 === 1 ? Buffer.of(part.charCodeAt(0) & 0xff) : Buffer.from(part))),
  );
}

/**
 * Strings of GGUF files whose bytes need not be UTF-8: a byte b that is part of no character is read as the lone
 * surrogate U+DC00 + b, and written as that byte again (Python's "surrogateescape", PEP 383). No valid UTF-8 gives a
 * lone surrogate, so every string of bytes has a text of its own.
 */

/** A byte in place of a character; because of the flag u, no half of a pair. */
const RAW_BYTE = /[\udc80-\udcff]/u;

/** The bytes [from, to) of `buffer`. */
export function decodeRaw(buffer: Buffer, from: number, to: number): string {
  const text = buffer.toString('utf8', from, to);
  // U+FFFD stands for invalid bytes, or for itself.
  return text.includes('\ufffd') ? decodeBytewise(buffer.subarray(from, to)) : text;
}

/** Writes at `start`, where there is room for 3 bytes of each UTF-16 unit. @returns the bytes written. */
export function writeRaw(buffer: Buffer, text: string, start: number): number {
  return RAW_BYTE.test(text) ? writeUnitwise(buffer, text, start) : buffer.write(text, start);
}

/** The bytes of `text`. */
export function encodeRaw(text: string): Uint8Array {
  const buffer = Buffer.alloc(3 * text.length);
  return buffer.subarray(0, writeRaw(buffer, text, 0));
}

function decodeBytewise(bytes: Uint8Array): string {
  const units = Buffer.alloc(2 * bytes.length);
  let end = 0;
  for (let at = 0; at < bytes.length; ) {
    const [length, code] = characterAt(bytes, at);
    if (code > 0xffff) {
      end = units.writeUInt16LE(0xd7c0 + (code >> 10), end);
    }
    end = units.writeUInt16LE(code > 0xffff ? 0xdc00 | (code & 0x3ff) : code, end);
    at += length;
  }
  return units.toString('utf16le', 0, end);
}

/** First byte at least → the lowest and highest second byte, and the length: table 3-7 of the Unicode standard. */
const NONE = [0xf5, 1, 0, 1] as const;
const LONGER = [
  NONE,
  [0xf4, 0x80, 0x8f, 4],
  [0xf1, 0x80, 0xbf, 4],
  [0xf0, 0x90, 0xbf, 4],
  [0xee, 0x80, 0xbf, 3],
  [0xed, 0x80, 0x9f, 3],
  [0xe1, 0x80, 0xbf, 3],
  [0xe0, 0xa0, 0xbf, 3],
  [0xc2, 0x80, 0xbf, 2],
] as const;

/** The bytes of the character that begins at `at` and its code; 1 and the lone surrogate when none does. */
function characterAt(bytes: Uint8Array, at: number): [length: number, code: number] {
  const first = bytes[at] ?? 0;
  if (first < 0x80) {
    return [1, first];
  }
  const [, low, high, length] = LONGER.find(([from]) => first >= from) ?? NONE;
  const rest = bytes.subarray(at + 1, at + length);
  const [second = 0] = rest;
  if (rest.length < length - 1 || second < low || second > high || rest.some((byte) => byte >> 6 !== 2)) {
    return [1, 0xdc00 + first];
  }
  return [length, rest.reduce((code, byte) => (code << 6) | (byte & 0x3f), first & (0x7f >> length))];
}

/** UTF-8 but for the raw bytes; another half of a pair becomes U+FFFD, as Buffer has it. */
function writeUnitwise(buffer: Buffer, text: string, start: number): number {
  let at = start;
  for (const char of text) {
    if (RAW_BYTE.test(char)) {
      buffer[at++] = char.charCodeAt(0) & 0xff;
    } else {
      at += buffer.write(char, at);
    }
  }
  return at - start;
}

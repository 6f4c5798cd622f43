/**
 * GPT-2's alphabet: each byte as one printable character. Bytes that Latin-1 prints stand for themselves, the rest
 * follow from U+0100 in order (so the space is Ġ).
 */
export const BYTE_CHARS: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : next++);
  });
})();

const BYTES: ReadonlyMap<string, number> = new Map(BYTE_CHARS.map((char, byte) => [char, byte]));

/** The byte that a character of the alphabet stands for. */
export function byteOf(char: string): number | undefined {
  return BYTES.get(char);
}

/** The UTF-8 bytes of `text` in that alphabet. */
export function toByteChars(text: string): string {
  if (/^[!-~]*$/.test(text)) {
    return text;
  }
  let result = '';
  for (const byte of Buffer.from(text)) {
    result += BYTE_CHARS[byte];
  }
  return result;
}

/** The bytes of a token. A token with a character outside the alphabet stands for its own UTF-8. */
export function fromByteChars(token: string): Uint8Array {
  const bytes: number[] = [];
  for (const char of token) {
    const byte = BYTES.get(char);
    if (byte === undefined) {
      return Buffer.from(token);
    }
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

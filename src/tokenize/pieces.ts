import { encodeRaw } from '../gguf/raw-strings.js';
import { byteOf } from '../text/byte-level.js';
import { byteOfToken } from '../text/byte-tokens.js';
import { unescaped } from './rwkv.js';
import { ATTR, type Tokens } from './tokens.js';

const EMPTY = new Uint8Array();
const HIDDEN = ATTR.unknown | ATTR.control;

/** How tokens are spelt: with ▁ for a space, in GPT-2's alphabet of bytes, with escapes, or as they are. */
export type Spelling = 'spaces' | 'bytes' | 'escapes' | 'plain';

/** The bytes of a token. An unused token has none; a control token has some only with `special`. */
export function pieceOf({ texts, attrs }: Tokens, token: number, special: boolean, spelling: Spelling): Uint8Array {
  const text = texts[token];
  const attr = attrs[token] ?? 0;
  if (text === undefined || (!special && attr & HIDDEN)) {
    return EMPTY;
  }
  if (spelling === 'escapes') {
    return unescaped(text);
  }
  if (spelling === 'plain' && !(attr & ATTR.byte && byteOfToken(text) !== undefined)) {
    return encodeRaw(text);
  }
  if (attr & (HIDDEN | ATTR.userDefined)) {
    return encodeRaw(text);
  }
  if (attr & ATTR.normal) {
    return spelling === 'spaces' ? encodeRaw(text.replaceAll('▁', ' ')) : fromAlphabet(text);
  }
  return attr & ATTR.byte ? Uint8Array.of(Number.parseInt(text.slice(3, 5), 16) || 0) : EMPTY;
}

/**
 * Decodes GPT-2's alphabet of bytes. As in llama_decode_text, a character outside the alphabet is marked as unknown and
 * followed by the whole token.
 */
function fromAlphabet(text: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = byteOf(text[i] as string);
    if (byte === undefined) {
      return withUnknown(text);
    }
    bytes[i] = byte;
  }
  return bytes;
}

function withUnknown(text: string): Uint8Array {
  return Buffer.concat(
    Array.from(text, (char) => {
      const byte = byteOf(char);
      return byte === undefined
        ? encodeRaw(`[UNK_BYTE_0x${Buffer.from(char).toString('hex')}${text}]`)
        : Uint8Array.of(byte);
    }),
  );
}

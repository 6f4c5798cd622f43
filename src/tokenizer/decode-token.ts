import { isObject, type Json } from '../json.js';
import { objectsAt } from './tokenizer-files.js';

/**
 * The text that transformers decodes a single added token to: tokenizer.json's decoder, then, if the configuration
 * asks for it, `clean_up_tokenization`. (Encoding a whole added token gives that token alone.)
 * Decoders that only matter between tokens do nothing here.
 */
export function decodeToken(token: string, decoder: Json | undefined, cleanUp: boolean): string {
  const text = applyDecoder(token, decoder);
  return cleanUp ? CLEAN_UP.reduce((cleaned, [from, to]) => cleaned.replaceAll(from, to), text) : text;
}

/** transformers, tokenization_utils_base.py, `clean_up_tokenization`, in its order. */
const CLEAN_UP = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
] as const;

function applyDecoder(token: string, decoder: Json | undefined): string {
  if (!isObject(decoder)) {
    return token;
  }
  switch (decoder.type) {
    case 'Sequence':
      return objectsAt(decoder, 'decoders').reduce<string>(applyDecoder, token);
    case 'ByteLevel':
      return decodeByteLevel(token);
    default:
      return token;
  }
}

/** Characters that stand for bytes, by code point: GPT-2's `bytes_to_unicode`, the printable ones for themselves. */
const BYTE_OF = new Map<string, number>();
{
  const printable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    BYTE_OF.set(String.fromCodePoint(printable(byte) ? byte : next++), byte);
  }
}

/** A token with any character that stands for no byte is text as it is. */
function decodeByteLevel(token: string): string {
  const bytes = Array.from(token, (character) => BYTE_OF.get(character));
  return bytes.some((byte) => byte === undefined)
    ? token
    : new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes as number[]));
}

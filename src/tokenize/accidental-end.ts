import type { KeyValues } from '../gguf/key-values.js';
import { TOKEN_TYPE } from '../gguf/token-type.js';
import type { Vocabulary } from './vocabulary.js';

/**
 * The token that llama.cpp takes for the end of a text although it is an ordinary token: the default id, in a file that
 * names no EOS. Null if there is no such token.
 */
export function accidentalEnd(kv: KeyValues, { eos }: Vocabulary): number | null {
  if (eos === null || kv.has('tokenizer.ggml.eos_token_id')) {
    return null;
  }
  const types = kv.get('tokenizer.ggml.token_type');
  const type = types?.type === 'array' ? types.value[eos] : TOKEN_TYPE.normal;
  return type === TOKEN_TYPE.control ? null : eos;
}

/** A token as messages show it: its id and its text. */
export function namedToken(vocabulary: Vocabulary, token: number): string {
  const isToken = token < vocabulary.size;
  const text = isToken
    ? JSON.stringify(Buffer.from(vocabulary.piece(token, { special: true })).toString())
    : 'no token';
  return `${token} (${text})`;
}

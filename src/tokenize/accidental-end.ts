import type { KeyValues } from '../gguf/key-values.js';
import { TOKEN_TYPE } from '../gguf/token-type.js';
import type { Vocabulary } from './vocabulary.js';

/** The ordinary token at which llama.cpp ends a text, because the file does not say which it is; null if there is none. */
export function accidentalEnd(kv: KeyValues, { eos }: Vocabulary): number | null {
  if (eos === null || kv.has('tokenizer.ggml.eos_token_id')) {
    return null;
  }
  const types = kv.get('tokenizer.ggml.token_type');
  const type = types?.type === 'array' ? types.value[eos] : TOKEN_TYPE.normal;
  return type === TOKEN_TYPE.control ? null : eos;
}

/** A token for a message: its id and what it stands for. */
export function namedToken(vocabulary: Vocabulary, token: number): string {
  const isToken = token < vocabulary.size;
  const text = isToken
    ? JSON.stringify(Buffer.from(vocabulary.piece(token, { special: true })).toString())
    : 'no token';
  return `${token} (${text})`;
}

import { TOKEN_TYPE } from '../gguf/token-type.js';
import { MAX_VOCABULARY } from '../limits.js';
import { MalformedVocabularyError } from './errors.js';
import type { Fields } from './fields.js';

/**
 * The attributes of a token, as bits: a token can become a control token by its name and keep the type that the file
 * gives it.
 */
export const ATTR = {
  unknown: 1,
  unused: 2,
  normal: 4,
  control: 8,
  userDefined: 16,
  byte: 32,
  lstrip: 64,
  rstrip: 128,
};

const ATTR_OF_TYPE: ReadonlyMap<number, number> = new Map([
  [TOKEN_TYPE.normal, ATTR.normal],
  [TOKEN_TYPE.unknown, ATTR.unknown],
  [TOKEN_TYPE.control, ATTR.control],
  [TOKEN_TYPE.userDefined, ATTR.userDefined],
  [TOKEN_TYPE.unused, ATTR.unused],
  [TOKEN_TYPE.byte, ATTR.byte],
]);

/** The tokens of a file, by id and by text. */
export interface Tokens {
  readonly texts: readonly string[];
  readonly ids: ReadonlyMap<string, number>;
  /** Bits of ATTR for each token. Tokens' names and the kind of model change them after reading. */
  readonly attrs: Uint8Array;
  readonly scores: Float32Array;
}

/** Reads the tokens and their types. @throws MalformedVocabularyError */
export function readTokens(fields: Fields): Tokens {
  const list = fields.strings('tokenizer.ggml.tokens');
  if (list === undefined || list.length > MAX_VOCABULARY) {
    throw new MalformedVocabularyError(
      list ? `tokenizer.ggml.tokens has ${list.length} entries` : 'tokenizer.ggml.tokens is missing',
    );
  }
  const size = list.length;
  const types = eachToken(fields, 'tokenizer.ggml.token_type', ['i32'], size);
  const scores = eachToken(fields, 'tokenizer.ggml.scores', ['f32', 'i32'], size);
  const tokens = {
    texts: new Array<string>(size),
    ids: new Map<string, number>(),
    attrs: new Uint8Array(size).fill(ATTR.normal),
    scores: new Float32Array(size),
  };
  for (let id = 0; id < size; id++) {
    const text = list[id] || `[EMPTY_${id}]`;
    tokens.texts[id] = text;
    tokens.ids.set(text, id);
    if (tokens.ids.size !== id + 1) {
      throw new MalformedVocabularyError(`the token ${JSON.stringify(text)} stands there twice`);
    }
    if (types) {
      tokens.attrs[id] = ATTR_OF_TYPE.get(types[id] ?? 0) ?? 0;
    }
  }
  for (let id = 0; scores && id < size; id++) {
    tokens.scores[id] = scores[id] ?? 0;
  }
  return tokens;
}

function eachToken(
  fields: Fields,
  key: string,
  types: readonly ('i32' | 'f32')[],
  size: number,
): ArrayLike<number> | undefined {
  const values = fields.numbers(key, types);
  if (values !== undefined && values.length < size) {
    throw new MalformedVocabularyError(`${key} has ${values.length} entries for ${size} tokens`);
  }
  return values;
}

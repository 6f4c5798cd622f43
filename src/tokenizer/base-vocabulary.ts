import { TOKEN_TYPE } from '../gguf/token-type.js';
import { type AutoTokenizer, autoTokenizer } from '../hf-tokenizer/auto-tokenizer.js';
import { buildDecoder, cleanUp } from '../hf-tokenizer/decoders.js';
import { malformedFile } from '../hf-tokenizer/errors.js';
import { CHECK_TIMEOUT } from '../hf-tokenizer/time-limit.js';
import type { TokenizerFiles } from '../hf-tokenizer/tokenizer-files.js';
import { beyondVocabulary } from './beyond-vocabulary.js';
import { type KindOptions, modelTypeOf, type TokenizerContext } from './context.js';
import { recognizePreTokenizer, UnknownPreTokenizerError } from './pre/recognize.js';
import { addedTokenEntry, padding } from './token-types.js';
import { tokensById } from './tokens-by-id.js';
import { vocabularySize } from './vocabulary-size.js';

/** The vocabulary of a tokenizer.json, as transformers loads it. */
export interface BaseVocabulary {
  /** Tokens by id, padded to `vocab_size`. */
  readonly tokens: readonly string[];
  /** The TOKEN_TYPE of each token by id. */
  readonly types: Int32Array;
  /** The name for `tokenizer.ggml.pre`. */
  readonly pre: string;
  readonly auto: AutoTokenizer;
}

/**
 * Lists the tokens and recognises the pre-tokenizer. ref-quirk: `get_vocab_base` in conversion/base.py.
 * @param otherwise the name of a pre-tokenizer that is unknown; without it, that is an error.
 * @throws MalformedTokenizerError, UnsupportedTokenizerError, InvalidTokenIdError, InvalidVocabularySizeError, and the
 * errors of `recognizePreTokenizer`
 */
export async function baseVocabulary(
  context: TokenizerContext,
  files: TokenizerFiles,
  otherwise?: string,
): Promise<BaseVocabulary> {
  const auto = autoTokenizer(files, modelTypeOf(context));
  const byId = tokensById(auto);
  const size = vocabularySize(context.config) ?? auto.tokens.size;
  if (byId.length > size) {
    throw beyondVocabulary(byId, size, auto, files);
  }
  const { preTokenizer, withinTime } = context;
  const { name, by } = await recognizePreTokenizer(auto, withinTime, preTokenizer).catch((cause) => {
    if (otherwise !== undefined && cause instanceof UnknownPreTokenizerError) {
      return { name: otherwise, by: 'default' };
    }
    throw cause;
  });
  if (by === 'structure') {
    context.guess?.(
      `llama.cpp knows no tokenizer of this fingerprint; by its structure the pre-tokenizer is ${name}.`,
      '--pre-tokenizer overrides it.',
    );
  }
  return { ...withinTime(CHECK_TIMEOUT, () => vocabulary(auto, byId, size, context)), pre: name, auto };
}

/**
 * Makes a function that decodes an added token as transformers does. ref-quirk: `get_vocab_base` encodes and decodes
 * each added token; encoding a whole added token always gives its own id.
 */
function decodeAdded({ json, init }: AutoTokenizer): (token: string) => string {
  const decoder = buildDecoder(json.decoder);
  return (token) => {
    const text = decoder([token]).join('');
    return init.clean_up_tokenization_spaces === true ? cleanUp(text) : text;
  };
}

/** The most characters of all added tokens as they decode: as many as tokenizer.json may have bytes. */
const MAX_DECODED = 64 * 2 ** 20;

function vocabulary(
  auto: AutoTokenizer,
  byId: readonly (string | undefined)[],
  size: number,
  { addedTokens }: KindOptions,
) {
  const decode = decodeAdded(auto);
  const tokens = new Array<string>(size);
  const types = new Int32Array(size);
  let length = 0;
  for (let id = 0; id < size; id++) {
    const token = byId[id];
    const own = auto.tokens.added.get(id);
    const added = own?.content === token ? own : undefined;
    if (token === undefined) {
      tokens[id] = padding(id);
      types[id] = TOKEN_TYPE.unused;
    } else if (added && addedTokens === 'as-they-are') {
      tokens[id] = token;
      types[id] = added.special ? TOKEN_TYPE.control : TOKEN_TYPE.userDefined;
    } else if (added) {
      // llama.cpp looks for added tokens in the text before normalization, so a token that is not normalized is written
      // as it decodes.
      const text = added.normalized ? token : decode(token);
      const entry = addedTokenEntry(text, added.special);
      length += entry.text.length;
      if (length > MAX_DECODED) {
        throw malformedFile('tokenizer.json', `decodes its added tokens to more than ${MAX_DECODED} characters`);
      }
      tokens[id] = entry.text;
      types[id] = entry.type;
    } else {
      tokens[id] = token;
      types[id] = TOKEN_TYPE.normal;
    }
  }
  return { tokens, types };
}

import { TOKEN_TYPE } from '../../gguf/token-type.js';
import { type AutoTokenizer, autoTokenizer } from '../../hf-tokenizer/auto-tokenizer.js';
import { buildDecoder, cleanUp } from '../../hf-tokenizer/decoders.js';
import { malformedFile } from '../../hf-tokenizer/errors.js';
import { CHECK_TIMEOUT } from '../../hf-tokenizer/time-limit.js';
import { objectAt, type TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import type { JsonObject } from '../../json.js';
import { beyondVocabulary } from '../beyond-vocabulary.js';
import { type KindOptions, modelTypeOf, type TokenizerContext } from '../context.js';
import { recognizePreTokenizer } from '../pre/recognize.js';
import { writeSpecialVocab } from '../special-vocab.js';
import { addedTokenEntry, padding } from '../token-types.js';
import { tokensById } from '../tokens-by-id.js';
import { vocabularySize } from '../vocabulary-size.js';
import type { TokenizerKind } from './kind.js';

/**
 * Byte-level BPE, from tokenizer.json (`tokenizer.ggml.model` = `gpt2`).
 * ref-quirk: `_set_vocab_gpt2` and `get_vocab_base` in conversion/base.py.
 * `write` also throws the errors of `recognizePreTokenizer`.
 */
export const bpe: TokenizerKind = { applies: (_, files) => isBpe(files.tokenizer), write };

/** Whether tokenizer.json holds a BPE. Older files do not name the model's type. */
function isBpe(tokenizer: JsonObject | null): boolean {
  const { type, merges } = objectAt(tokenizer, 'model');
  return type === 'BPE' || (type === undefined && merges !== undefined);
}

async function write(context: TokenizerContext, files: TokenizerFiles): Promise<void> {
  const auto = autoTokenizer(files, modelTypeOf(context));
  const byId = tokensById(auto);
  const size = vocabularySize(context.config) ?? auto.tokens.size;
  if (byId.length > size) {
    throw beyondVocabulary(byId, size, auto, files);
  }
  const { kv, preTokenizer, withinTime } = context;
  const { name, by } = await recognizePreTokenizer(auto, withinTime, preTokenizer);
  if (by === 'structure') {
    context.guess?.(
      `llama.cpp knows no tokenizer of this fingerprint; by its structure the pre-tokenizer is ${name}.`,
      '--pre-tokenizer overrides it.',
    );
  }
  const { tokens, types } = withinTime(CHECK_TIMEOUT, () => vocabulary(auto, byId, size, context));
  kv.string('tokenizer.ggml.model', 'gpt2');
  kv.string('tokenizer.ggml.pre', name);
  kv.array('tokenizer.ggml.tokens', 'string', tokens);
  kv.array('tokenizer.ggml.token_type', 'i32', types);
  await writeSpecialVocab(context, files, {
    merges: true,
    ids: roleIds(context, auto),
    ...(lacksPadding(context) && { types: ['bos', 'eos', 'unk', 'sep', 'cls', 'mask'] }),
  });
}

function lacksPadding({ mayLackPadding, config }: TokenizerContext): boolean {
  return mayLackPadding === true && Number(config.hparams.pad_token_id ?? 0) < 0;
}

/** The ids of the tokens that the family gives roles to. @throws MalformedTokenizerError where one is no added token */
function roleIds({ roles = {} }: TokenizerContext, { tokens }: AutoTokenizer): Record<string, number> {
  const ids = new Map([...tokens.added].map(([id, { content }]) => [content, id]));
  return Object.fromEntries(
    Object.entries(roles).map(([role, text]) => {
      const id = typeof text === 'number' ? text : ids.get(text);
      if (id === undefined) {
        throw malformedFile('tokenizer.json', `has no added token ${text}, the family's ${role}`);
      }
      return [role, id];
    }),
  );
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
    const added = auto.tokens.added.get(id);
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

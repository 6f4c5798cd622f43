import { TOKEN_TYPE } from '../../gguf/token-type.js';
import { autoTokenizer } from '../../hf-tokenizer/auto-tokenizer.js';
import { malformedFile } from '../../hf-tokenizer/errors.js';
import { byteOfToken } from '../../text/byte-tokens.js';
import { beyondVocabulary } from '../beyond-vocabulary.js';
import { modelTypeOf } from '../context.js';
import { writeSpecialVocab } from '../special-vocab.js';
import { tokensById } from '../tokens-by-id.js';
import { vocabularySize } from '../vocabulary-size.js';
import type { TokenizerKind } from './kind.js';

const NUL = '\0';

/**
 * XVERSE: a tokenizer.json with the tokens of SentencePiece, written without scores (`tokenizer.ggml.model` = `llama`).
 * ref-quirk: `XverseModel.set_vocab` in conversion/xverse.py.
 */
export const xverse: TokenizerKind = {
  applies: (_, { tokenizer }) => tokenizer !== null,
  async write(context, files) {
    const auto = autoTokenizer(files, modelTypeOf(context));
    const byId = tokensById(auto);
    const size = vocabularySize(context.config) ?? auto.tokens.size;
    if (byId.length > size) {
      throw beyondVocabulary(byId, size, auto, files);
    }
    const types = new Int32Array(size);
    const tokens = Array.from({ length: size }, (_, id) => {
      const token = byId[id];
      if (token === undefined) {
        throw malformedFile('tokenizer.json', `has no token with id ${id}, and config.json says vocab_size ${size}`);
      }
      const added = auto.tokens.added.get(id);
      const own = added?.special ? TOKEN_TYPE.control : added ? TOKEN_TYPE.userDefined : TOKEN_TYPE.normal;
      types[id] = token === NUL || byteOfToken(token) !== undefined ? TOKEN_TYPE.byte : own;
      return token === NUL ? `<${NUL}>` : token;
    });
    const { kv } = context;
    kv.string('tokenizer.ggml.model', 'llama');
    kv.string('tokenizer.ggml.pre', 'default');
    kv.array('tokenizer.ggml.tokens', 'string', tokens);
    kv.array('tokenizer.ggml.token_type', 'i32', types);
    await writeSpecialVocab(context, files, { size });
  },
};

import { TOKEN_TYPE } from '../../gguf/token-type.js';
import type { TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import { baseVocabulary } from '../base-vocabulary.js';
import type { TokenizerContext } from '../context.js';
import { fromVocabTxt, VOCAB_TXT } from '../slow/vocab-txt.js';
import { writeSpecialVocab } from '../special-vocab.js';
import { writeTokenTypeCount } from '../token-type-count.js';
import type { TokenizerKind } from './kind.js';

/**
 * WordPiece, from tokenizer.json or from vocab.txt alone (`tokenizer.ggml.model` = `bert`). ref-quirk:
 * `BertModel.set_vocab` in conversion/bert.py takes any other tokenizer.json too, such as CamemBERT's unigram.
 */
export const wordPiece: TokenizerKind = {
  applies: async (context, { tokenizer }) => tokenizer !== null || (await context.files.has(VOCAB_TXT)),
  convert: fromVocabTxt,
  write,
};

const CONTINUATION = '##';

async function write(context: TokenizerContext, files: TokenizerFiles): Promise<void> {
  const tokenizer = files.tokenizer ?? (await fromVocabTxt(context, files));
  // llama.cpp cuts text for WordPiece in one way, whatever the pre-tokenizer's name.
  const { guess: _, ...silent } = context;
  const { tokens, types, pre } = await baseVocabulary(silent, { ...files, tokenizer }, 'default');
  const { kv } = context;
  writeTokenTypeCount(context, 1);
  kv.string('tokenizer.ggml.model', 'bert');
  kv.string('tokenizer.ggml.pre', pre);
  kv.array(
    'tokenizer.ggml.tokens',
    'string',
    tokens.map((token, id) => (types[id] === TOKEN_TYPE.control ? token : withPhantomSpace(token))),
  );
  kv.array('tokenizer.ggml.token_type', 'i32', types);
  await writeSpecialVocab(context, files, { size: tokens.length });
}

/** llama.cpp marks the pieces that begin a word by a space, WordPiece those that do not. */
function withPhantomSpace(token: string): string {
  return token.startsWith(CONTINUATION) ? token.slice(CONTINUATION.length) : `▁${token}`;
}

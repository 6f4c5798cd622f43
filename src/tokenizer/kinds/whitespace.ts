import { objectAt, type TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import { baseVocabulary } from '../base-vocabulary.js';
import type { TokenizerContext } from '../context.js';
import { writeSpecialVocab } from '../special-vocab.js';
import { isBpe } from './bpe.js';
import type { TokenizerKind } from './kind.js';

/**
 * BPE over words between white space, without an alphabet of bytes, from tokenizer.json (`tokenizer.ggml.model` =
 * `whitespace`). ref-quirk: `_set_vocab_whitespace` in conversion/base.py.
 */
export const whitespace: TokenizerKind = {
  applies: (_, { tokenizer }) => isBpe(tokenizer) && objectAt(tokenizer, 'pre_tokenizer').type === 'Whitespace',
  write,
};

const NAME = 'whitespace';

async function write(context: TokenizerContext, files: TokenizerFiles): Promise<void> {
  // The name is fixed, so none is looked for.
  const { tokens, types } = await baseVocabulary({ ...context, preTokenizer: NAME }, files);
  const { kv } = context;
  kv.string('tokenizer.ggml.model', NAME);
  kv.string('tokenizer.ggml.pre', NAME);
  kv.array('tokenizer.ggml.tokens', 'string', tokens);
  kv.array('tokenizer.ggml.token_type', 'i32', types);
  await writeSpecialVocab(context, files, { merges: true });
}

import { TOKEN_TYPE } from '../../gguf/token-type.js';
import { malformedFile } from '../../hf-tokenizer/errors.js';
import type { TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import type { TokenizerContext } from '../context.js';
import { readSentencePieceModel } from '../model-proto.js';
import { writeSpecialVocab } from '../special-vocab.js';
import { padding } from '../token-types.js';
import { vocabularySize } from '../vocabulary-size.js';
import type { TokenizerKind } from './kind.js';

const FILE = 'tokenizer.model';
/** The names that the first pieces get. */
const FIRST = ['<unk>', '<bos>', '<eos>'];
/** The tokens that ChatGLM's tokenizer adds behind the pieces. */
const ROLES = ['<|system|>', '<|user|>', '<|assistant|>', '<|observation|>'];
const ADDED = ['[MASK]', '[gMASK]', '[sMASK]', 'sop', 'eop', ...ROLES];

/**
 * ChatGLM 3's SentencePiece model with the tokens of its chats (`tokenizer.ggml.model` = `llama`).
 * ref-quirk: `set_vocab_chatglm3` in conversion/chatglm.py.
 */
export const chatglm3: TokenizerKind = {
  applies: ({ files }, { tokenizer }) => !tokenizer && files.has(FILE),
  write,
};

async function write(context: TokenizerContext, files: TokenizerFiles): Promise<void> {
  const { kv, config } = context;
  const model = readSentencePieceModel((await context.files.bytes(FILE)) ?? new Uint8Array(), FILE);
  const known = model.pieces.length + ADDED.length;
  const size = vocabularySize(config, ['padded_vocab_size']) ?? known;
  if (known > size) {
    throw malformedFile(
      FILE,
      `has ${model.pieces.length} pieces, which with ${ADDED.length} tokens of chats are more than the padded_vocab_size ${size} of config.json`,
      'Correct padded_vocab_size in config.json, or take the tokenizer that belongs to the model.',
    );
  }
  const types = new Int32Array(size).fill(TOKEN_TYPE.unused);
  types.set(model.types.map((type) => (type === TOKEN_TYPE.userDefined ? TOKEN_TYPE.normal : type)));
  types.fill(TOKEN_TYPE.control, model.pieces.length, known);
  const scores = new Float32Array(size);
  scores.set(model.scores);
  const tokens = [...FIRST, ...model.pieces.slice(FIRST.length), ...ADDED];
  for (let id = known; id < size; id++) {
    tokens.push(padding(id));
  }
  kv.string('tokenizer.ggml.model', 'llama');
  kv.string('tokenizer.ggml.pre', 'chatglm-spm');
  kv.array('tokenizer.ggml.tokens', 'string', tokens);
  kv.array('tokenizer.ggml.scores', 'f32', scores);
  kv.array('tokenizer.ggml.token_type', 'i32', types);
  await writeSpecialVocab(context, files, { size });
}

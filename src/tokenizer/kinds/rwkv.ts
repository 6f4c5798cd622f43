import { TOKEN_TYPE } from '../../gguf/token-type.js';
import { malformedFile } from '../../hf-tokenizer/errors.js';
import type { TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import { MAX_VOCABULARY } from '../../limits.js';
import type { TokenizerContext } from '../context.js';
import { bytesRepr, parseLiteral } from '../python-literal.js';
import { writeSpecialVocab } from '../special-vocab.js';
import { padding } from '../token-types.js';
import { vocabularySize } from '../vocabulary-size.js';
import type { TokenizerKind } from './kind.js';

const FILE = 'rwkv_vocab_v20230424.txt';
const DEFAULT_SIZE = 65_536;
/** Two line feeds, which end a turn of a chat in RWKV's format. */
const EOT = 261;
/** llama.cpp has RWKV's chat format under this name. */
const TEMPLATE = 'rwkv-world';

/**
 * RWKV's vocabulary: a line for each token, `id literal length`, where the literal is Python's and the length counts
 * bytes (`tokenizer.ggml.model` = `rwkv`). ref-quirk: `_set_vocab_rwkv_world` in conversion/base.py goes by the order of
 * the lines, not by their ids.
 */
export const rwkv: TokenizerKind = { applies: ({ files }) => files.has(FILE), write };

async function write(context: TokenizerContext, files: TokenizerFiles): Promise<void> {
  const { config, kv } = context;
  const tokens = ['<s>', ...readVocabulary((await context.files.text(FILE)) ?? '')];
  const size = vocabularySize(config) ?? DEFAULT_SIZE;
  if (tokens.length > size) {
    throw malformedFile(
      FILE,
      `has ${tokens.length - 1} tokens, too many for the vocab_size ${size} of config.json`,
      'Correct vocab_size in config.json, or take the vocabulary that belongs to the model.',
    );
  }
  const types = new Int32Array(size).fill(TOKEN_TYPE.unused);
  types.fill(TOKEN_TYPE.normal, 0, tokens.length);
  types[0] = TOKEN_TYPE.control;
  for (let id = tokens.length; id < size; id++) {
    tokens.push(padding(id));
  }
  kv.string('tokenizer.ggml.model', 'rwkv');
  kv.array('tokenizer.ggml.tokens', 'string', tokens);
  kv.array('tokenizer.ggml.token_type', 'i32', types);
  await writeSpecialVocab(context, files, { ids: { eot: EOT }, forced: { bos: 0, eos: 0 }, template: TEMPLATE });
}

/** The tokens, each as Python prints its bytes. */
function readVocabulary(text: string): string[] {
  const lines = text.split(/\r\n?|\n/);
  if (lines.at(-1) === '') {
    lines.pop();
  }
  if (lines.length > MAX_VOCABULARY) {
    throw malformedFile(FILE, `has ${lines.length} lines, more than ${MAX_VOCABULARY}`);
  }
  return lines.map((line, i) => {
    const [, literal = '', length] = /^[^ ]* (.*) ([^ ]+)$/s.exec(line) ?? [];
    const bytes = parseLiteral(literal);
    if (bytes === null || bytes.length !== Number(length)) {
      throw malformedFile(FILE, `has no "id literal length" in line ${i + 1}`);
    }
    return bytesRepr(bytes);
  });
}

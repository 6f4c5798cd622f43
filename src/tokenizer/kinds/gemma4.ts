import { TOKEN_TYPE } from '../../gguf/token-type.js';
import { autoTokenizer } from '../../hf-tokenizer/auto-tokenizer.js';
import type { TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import { modelTypeOf, type TokenizerContext } from '../context.js';
import { writeSpecialVocab } from '../special-vocab.js';
import type { TokenizerKind } from './kind.js';
import { isLlamaHf, llamaHfVocabulary, SCORE } from './llama-hf.js';

/** Tokens that are shown although they are special, so that programs that read chats see them. */
const VISIBLE: ReadonlySet<string> = new Set(
  '<|channel> <channel|> <|tool_call> <tool_call|> <|tool_response> <tool_response|> <|"|>'.split(' '),
);

/**
 * Gemma 4's SentencePiece-like BPE with its merges, from tokenizer.json (`tokenizer.ggml.model` = `gemma4`). ref-quirk:
 * `Gemma4Model.set_vocab` in conversion/gemma.py.
 */
export const gemma4: TokenizerKind = { applies: (_, files) => isLlamaHf(files.tokenizer), write };

async function write(context: TokenizerContext, files: TokenizerFiles): Promise<void> {
  const { tokens, types } = llamaHfVocabulary(autoTokenizer(files, modelTypeOf(context)));
  const { kv } = context;
  kv.string('tokenizer.ggml.model', 'gemma4');
  kv.array('tokenizer.ggml.tokens', 'string', tokens);
  kv.array('tokenizer.ggml.scores', 'f32', new Float32Array(tokens.length).fill(SCORE));
  const shown = types.map((type, id) => (VISIBLE.has(tokens[id] ?? '') ? TOKEN_TYPE.userDefined : type));
  kv.array('tokenizer.ggml.token_type', 'i32', shown);
  await writeSpecialVocab(context, files, { merges: true });
  kv.bool('tokenizer.ggml.add_space_prefix', false);
  kv.bool('tokenizer.ggml.add_bos_token', true);
}

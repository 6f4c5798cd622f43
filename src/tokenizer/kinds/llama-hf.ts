import { TOKEN_TYPE } from '../../gguf/token-type.js';
import { type AutoTokenizer, autoTokenizer } from '../../hf-tokenizer/auto-tokenizer.js';
import { malformedFile } from '../../hf-tokenizer/errors.js';
import { objectAt, type TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import type { JsonObject } from '../../json.js';
import { byteOfToken } from '../../text/byte-tokens.js';
import { modelTypeOf, type TokenizerContext } from '../context.js';
import { writeSpecialVocab } from '../special-vocab.js';
import { tokensById } from '../tokens-by-id.js';
import type { TokenizerKind } from './kind.js';

/**
 * The score of every token. ref-quirk: `LlamaHfVocab.get_token_score` in gguf-py/gguf/vocab.py knows no scores, and the
 * order of merges is lost.
 */
export const SCORE = -1000;

/** Whether tokenizer.json holds a SentencePiece-like BPE: one that falls back to bytes and decodes in steps. */
export function isLlamaHf(tokenizer: JsonObject | null): boolean {
  const model = objectAt(tokenizer, 'model');
  return model.type === 'BPE' && model.byte_fallback === true && objectAt(tokenizer, 'decoder').type === 'Sequence';
}

/**
 * SentencePiece-like BPE, from tokenizer.json (`tokenizer.ggml.model` = `llama`).
 * ref-quirk: `LlamaHfVocab` in gguf-py/gguf/vocab.py and `_set_vocab_llama_hf` in conversion/base.py ignore
 * `vocab_size` of config.json.
 */
export const llamaHf: TokenizerKind = { applies: (_, files) => isLlamaHf(files.tokenizer), write };

async function write(context: TokenizerContext, files: TokenizerFiles): Promise<void> {
  const auto = autoTokenizer(files, modelTypeOf(context));
  const { tokens, types } = llamaHfVocabulary(auto);
  const { kv } = context;
  kv.string('tokenizer.ggml.model', 'llama');
  kv.string('tokenizer.ggml.pre', 'default');
  kv.array('tokenizer.ggml.tokens', 'string', tokens);
  kv.array('tokenizer.ggml.scores', 'f32', new Float32Array(tokens.length).fill(SCORE));
  kv.array('tokenizer.ggml.token_type', 'i32', types);
  await writeSpecialVocab(context, files, { size: tokens.length });
}

/** Tokens and their types, added ones last. @throws MalformedTokenizerError */
export function llamaHfVocabulary(auto: AutoTokenizer) {
  const tokens: string[] = [];
  const byId = tokensById(auto);
  const { size } = auto.model;
  for (let id = 0; id < size; id++) {
    const token = byId[id];
    if (token === undefined) {
      throw malformedFile('tokenizer.json', `model.vocab has ${size} tokens, but none with id ${id}`);
    }
    tokens.push(token);
  }
  const types: number[] = tokens.map((token, id) => {
    const special = auto.specialIds.has(id) ? TOKEN_TYPE.control : TOKEN_TYPE.normal;
    return byteOfToken(token) === undefined ? special : TOKEN_TYPE.byte;
  });
  const added = [...auto.tokens.added].filter(([id]) => id >= size).sort(([a], [b]) => a - b);
  for (const [id, token] of added) {
    tokens.push(token.content);
    types.push(auto.specialIds.has(id) ? TOKEN_TYPE.control : TOKEN_TYPE.userDefined);
  }
  return { tokens, types: Int32Array.from(types) };
}

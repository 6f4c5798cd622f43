import { TOKEN_TYPE } from '../../gguf/token-type.js';
import { InvalidTokenIdError, malformedFile } from '../../hf-tokenizer/errors.js';
import { objectAt, type TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import { isObject, type Json } from '../../json.js';
import { counted } from '../../options/counted.js';
import type { TokenizerContext } from '../context.js';
import { readSentencePieceModel, type SentencePieceModel } from '../model-proto.js';
import { writeSpecialVocab } from '../special-vocab.js';
import { addedTokenEntry, padding } from '../token-types.js';
import { vocabularySize } from '../vocabulary-size.js';
import type { TokenizerKind } from './kind.js';

const FILE = 'tokenizer.model';
const PADDING_SCORE = -10_000;
const ADDED_SCORE = -1000;

/**
 * SentencePiece, from tokenizer.model (`tokenizer.ggml.model` = `llama`).
 * ref-quirk: `_set_vocab_sentencepiece` and `_create_vocab_sentencepiece` in conversion/base.py.
 */
export const sentencePiece: TokenizerKind = { applies: ({ files }) => files.has(FILE), write };

async function write(context: TokenizerContext, files: TokenizerFiles): Promise<void> {
  const bytes = await context.files.bytes(FILE);
  if (!bytes) {
    throw malformedFile(FILE, 'is missing');
  }
  const model = readSentencePieceModel(bytes, FILE);
  // ref-quirk: `_create_vocab_sentencepiece` takes a `vocab_size` of 0 for none.
  const size = vocabularySize(context.config, ['vocab_size_per_layer_input', 'vocab_size']) || model.pieces.length;
  const vocabulary = new SentencePieceVocabulary(model, size, context.warn);
  vocabulary.addTokens(files);
  vocabulary.addDeclaredTokens(files);
  const { kv } = context;
  kv.string('tokenizer.ggml.model', 'llama');
  kv.string('tokenizer.ggml.pre', 'default');
  kv.array('tokenizer.ggml.tokens', 'string', vocabulary.tokens);
  kv.array('tokenizer.ggml.scores', 'f32', vocabulary.scores);
  kv.array('tokenizer.ggml.token_type', 'i32', vocabulary.types);
  await context.between?.();
  await writeSpecialVocab(context, files, { size });
}

class SentencePieceVocabulary {
  readonly tokens: string[];
  readonly scores: Float32Array;
  readonly types: Int32Array;

  constructor(
    model: SentencePieceModel,
    readonly size: number,
    readonly warn: (message: string) => void,
  ) {
    const known = Math.min(size, model.pieces.length);
    if (known < model.pieces.length) {
      warn(
        `${FILE} has ${model.pieces.length} pieces, but config.json says vocab_size ${size}; the last are left out.`,
      );
    }
    this.tokens = model.pieces.slice(0, known);
    this.scores = new Float32Array(size).fill(PADDING_SCORE);
    this.scores.set(model.scores.subarray(0, known));
    this.types = new Int32Array(size).fill(TOKEN_TYPE.unused);
    for (let id = 0; id < size; id++) {
      if (id >= known) {
        this.tokens.push(padding(id));
      } else {
        const type = model.types[id] ?? TOKEN_TYPE.normal;
        // ref-quirk: `_create_vocab_sentencepiece` does not ask whether a piece is user-defined.
        this.types[id] = type === TOKEN_TYPE.userDefined ? TOKEN_TYPE.normal : type;
      }
    }
  }

  /** Adds the tokens of added_tokens.json (text → id). */
  addTokens(files: TokenizerFiles): void {
    const file = 'added_tokens.json';
    const beyond: string[] = [];
    for (const [text, id] of Object.entries(files.addedTokens ?? {})) {
      const key = JSON.stringify(text);
      if (!this.#set(id, text, TOKEN_TYPE.userDefined, file, key)) {
        beyond.push(key);
      }
    }
    this.#warnOf(beyond, file);
  }

  /** Adds the tokens of `added_tokens_decoder` in tokenizer_config.json (id → token). */
  addDeclaredTokens(files: TokenizerFiles): void {
    const file = 'tokenizer_config.json';
    const beyond: string[] = [];
    for (const [id, token] of Object.entries(objectAt(files.tokenizerConfig, 'added_tokens_decoder'))) {
      const key = `added_tokens_decoder[${JSON.stringify(id)}]`;
      if (!isObject(token) || typeof token.content !== 'string') {
        throw malformedFile(file, `${key} has no content`);
      }
      const entry = addedTokenEntry(token.content, Boolean(token.special));
      if (!this.#set(Number(id), entry.text, entry.type, file, key)) {
        beyond.push(key);
      }
    }
    this.#warnOf(beyond, file);
  }

  #warnOf(beyond: readonly string[], file: string): void {
    const [first] = beyond;
    if (first !== undefined) {
      const more = beyond.length > 1 ? ` and ${counted(beyond.length - 1, 'more token')}` : '';
      const [is, it] = beyond.length > 1 ? ['are', 'they are'] : ['is', 'it is'];
      this.warn(`${file}: ${first}${more} ${is} beyond the vocabulary's ${this.size} tokens; ${it} left out.`);
    }
  }

  /** Whether the id is one of the vocabulary; no other is set. */

  #set(id: Json | undefined, text: string, type: number, file: string, key: string): boolean {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0) {
      throw new InvalidTokenIdError(file, key, id ?? null);
    }
    if (id >= this.size) {
      return false;
    }
    this.tokens[id] = text;
    this.scores[id] = ADDED_SCORE;
    this.types[id] = type;
    return true;
  }
}

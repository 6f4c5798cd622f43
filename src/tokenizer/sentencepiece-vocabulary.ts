import { TOKEN_TYPE } from '../gguf/token-type.js';
import { InvalidTokenIdError, malformedFile } from '../hf-tokenizer/errors.js';
import { objectAt, objectsAt, type TokenizerFiles } from '../hf-tokenizer/tokenizer-files.js';
import { isObject, type Json } from '../json.js';
import { counted } from '../options/counted.js';
import type { SmallFiles } from '../repo/small-files.js';
import { readSentencePieceModel, type SentencePieceModel } from './model-proto.js';
import { addedTokenEntry, padding } from './token-types.js';

const PADDING_SCORE = -10_000;
const ADDED_SCORE = -1000;

/** Reads a repository's SentencePiece model. @throws MalformedTokenizerError */
export async function loadSentencePieceModel(files: SmallFiles, file: string): Promise<SentencePieceModel> {
  const bytes = await files.bytes(file);
  if (!bytes) {
    throw malformedFile(file, 'is missing');
  }
  return readSentencePieceModel(bytes, file);
}

/** What is written of an added token. */
type EntryOf = (
  content: string,
  special: boolean,
) => { readonly text: string; readonly type: number; readonly score?: number };

/** The tokens of a SentencePiece model, with those of other files in their places. */
export class SentencePieceVocabulary {
  readonly tokens: string[];
  readonly scores: Float32Array;
  readonly types: Int32Array;
  readonly #warn: (message: string) => void;

  /** @param size the number of tokens: pieces beyond it are left out, and ids without a piece are padded. */
  constructor(
    model: SentencePieceModel,
    readonly size: number,
    { file, warn }: { readonly file: string; readonly warn: (message: string) => void },
  ) {
    this.#warn = warn;
    const known = Math.min(size, model.pieces.length);
    if (known < model.pieces.length) {
      warn(
        `${file} has ${model.pieces.length} pieces, but config.json says vocab_size ${size}; the last are left out.`,
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

  /**
   * Adds the tokens of `added_tokens_decoder` in tokenizer_config.json (id → token).
   * @param entryOf what is written of a token.
   */
  addDeclaredTokens(files: TokenizerFiles, entryOf: EntryOf = addedTokenEntry): void {
    const file = 'tokenizer_config.json';
    const declared = Object.entries(objectAt(files.tokenizerConfig, 'added_tokens_decoder'));
    this.#addAll(
      file,
      entryOf,
      declared.map(([id, token]) => [Number(id), token, `added_tokens_decoder["${id}"]`]),
    );
  }

  /** Adds the tokens of `added_tokens` in tokenizer.json. @param entryOf what is written of a token. */
  addListedTokens(files: TokenizerFiles, entryOf: EntryOf): void {
    const listed = objectsAt(files.tokenizer, 'added_tokens');
    this.#addAll(
      'tokenizer.json',
      entryOf,
      listed.map((token, i) => [token.id, token, `added_tokens[${i}]`]),
    );
  }

  #addAll(
    file: string,
    entryOf: EntryOf,
    tokens: readonly (readonly [id: Json | undefined, token: Json | undefined, key: string])[],
  ): void {
    const beyond: string[] = [];
    for (const [id, token, key] of tokens) {
      if (!isObject(token) || typeof token.content !== 'string') {
        throw malformedFile(file, `${key} has no content`);
      }
      const { text, type, score } = entryOf(token.content, Boolean(token.special));
      if (!this.#set(id, text, type, file, key, score)) {
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
      this.#warn(`${file}: ${first}${more} ${is} beyond the vocabulary's ${this.size} tokens; ${it} left out.`);
    }
  }

  /** Whether the id is one of the vocabulary; no other is set. */
  #set(
    id: Json | undefined,
    text: string,
    type: number,
    file: string,
    key: string,
    score: number = ADDED_SCORE,
  ): boolean {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0) {
      throw new InvalidTokenIdError(file, key, id ?? null);
    }
    if (id >= this.size) {
      return false;
    }
    this.tokens[id] = text;
    this.scores[id] = score;
    this.types[id] = type;
    return true;
  }
}

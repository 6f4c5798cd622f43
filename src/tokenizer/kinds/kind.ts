import type { TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import type { JsonObject } from '../../json.js';
import type { TokenizerContext } from '../context.js';

/** A kind of tokenizer: which files it is read from, and how it is written. */
export interface TokenizerKind {
  /** Whether the repository has the files of this kind. */
  applies(context: TokenizerContext, files: TokenizerFiles): boolean | Promise<boolean>;
  /**
   * Writes the `tokenizer.*` key-values. It is called only if the kind applies.
   * @throws UnsupportedTokenizerError, MalformedTokenizerError, InvalidTokenIdError, InvalidVocabularySizeError,
   * MalformedJsonError
   */
  write(context: TokenizerContext, files: TokenizerFiles): Promise<void>;
  /**
   * The tokenizer.json that transformers makes of the kind's files in a repository without one. A kind without this
   * function has only such files as text cannot be encoded with here.
   */
  convert?(context: TokenizerContext, files: TokenizerFiles): Promise<JsonObject | null>;
}

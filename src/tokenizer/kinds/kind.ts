import type { TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
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
}

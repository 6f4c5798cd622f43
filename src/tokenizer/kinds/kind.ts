import type { TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import type { TokenizerContext } from '../context.js';

/** A kind of tokenizer: what of a repository it is read from, and how it is written. */
export interface TokenizerKind {
  /** Whether the repository has what this kind is read from. */
  applies(context: TokenizerContext, files: TokenizerFiles): boolean | Promise<boolean>;
  /**
   * Writes the `tokenizer.*` key-values; called only where the kind applies.
   * @throws UnsupportedTokenizerError, MalformedTokenizerError, InvalidTokenIdError, InvalidVocabularySizeError,
   *   MalformedJsonError
   */
  write(context: TokenizerContext, files: TokenizerFiles): Promise<void>;
}

import type { JsonObject } from '../json.js';
import { UnsupportedTokenizerError } from './errors.js';
import type { TokenizerContext } from './tokenizer.js';
import type { TokenizerFiles } from './tokenizer-files.js';

/** The value of `tokenizer.ggml.pre` for a byte-level BPE. */
export async function preTokenizer(
  context: TokenizerContext,
  _tokenizer: JsonObject,
  _files: TokenizerFiles,
): Promise<string> {
  if (context.preTokenizer === undefined) {
    throw new UnsupportedTokenizerError(
      'The pre-tokenizer of tokenizer.json is unknown.',
      'Name one with --pre-tokenizer.',
    );
  }
  return context.preTokenizer;
}

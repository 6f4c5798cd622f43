import { type AutoTokenizer, autoTokenizer } from '#src/hf-tokenizer/auto-tokenizer.js';
import { type Encoder, loadEncoder } from '#src/hf-tokenizer/encoder.js';
import type { TokenizerFiles } from '#src/hf-tokenizer/tokenizer-files.js';
import type { JsonObject } from '#src/json.js';

/** Of a repository that has these files of a tokenizer and no others. */
export function autoTokenizerOf(files: Partial<TokenizerFiles>): AutoTokenizer {
  const none = { tokenizer: null, tokenizerConfig: null, specialTokensMap: null, addedTokens: null, config: null };
  return autoTokenizer({ ...none, ...files }, String(files.config?.model_type ?? ''));
}

export function encoderOf(tokenizer: JsonObject, tokenizerConfig: JsonObject | null): Encoder {
  return loadEncoder(autoTokenizerOf({ tokenizer, tokenizerConfig }));
}

import { integer } from '../language/fields.js';
import type { TokenizerContext } from './context.js';

/**
 * Writes how many types of tokens the model's embeddings know.
 * @param otherwise the count where config.json has no `type_vocab_size`.
 * @throws ConfigFieldError
 */
export function writeTokenTypeCount({ config, kv }: TokenizerContext, otherwise: number): void {
  kv.u32('tokenizer.ggml.token_type_count', integer.optional(config, 'type_vocab_size') ?? otherwise);
}

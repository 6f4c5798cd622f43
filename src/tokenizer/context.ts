import type { Config } from '../config/config.js';
import type { KeyValues } from '../gguf/key-values.js';
import type { WithinTime } from '../hf-tokenizer/time-limit.js';
import type { SmallFiles } from '../repo/small-files.js';

/**
 * What a conversion gives to the tokenizer. The tokenizer writes the `tokenizer.*` key-values into `kv`, in the
 * reference's order.
 */
export interface TokenizerContext {
  readonly files: SmallFiles;
  readonly config: Config;
  readonly kv: KeyValues;
  /** The name that `--pre-tokenizer` gives; it wins over the fingerprint. */
  readonly preTokenizer?: string;
  /** Added tokens by their role: those of the family's plan. */
  readonly roles?: Readonly<Record<string, string>> | undefined;
  /** Runs work on a tokenizer and stops it where a pattern takes too long. */
  readonly withinTime: WithinTime;
  /** Warns the user; the conversion goes on. */
  warn(what: string, next?: string): void;
  /**
   * Reports an assumption. It is right if llama.cpp, with the written vocabulary, cuts text as the repository's
   * tokenizer does.
   */
  guess?(what: string, next: string): void;
}

/** `model_type` of config.json; empty if it has none, or one that is no text. */
export function modelTypeOf({ config }: Pick<TokenizerContext, 'config'>): string {
  const type = config.hparams.model_type;
  return typeof type === 'string' ? type : '';
}

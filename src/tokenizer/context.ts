import type { Config } from '../config/config.js';
import type { KeyValues } from '../gguf/key-values.js';
import type { WithinTime } from '../hf-tokenizer/time-limit.js';
import type { SmallFiles } from '../repo/small-files.js';

/** What a family says of its vocabulary to the kind that writes it. Byte-level BPE reads it. */
export interface KindOptions {
  /** Added tokens, or ids, by the role that they have where no file says so: `{ bos: '[gMASK]' }`. */
  readonly roles?: Readonly<Record<string, string | number>>;
  /**
   * `as-they-are`: tokens that are added to the vocabulary are written without being decoded, and only those that the
   * files call special are control tokens.
   */
  readonly addedTokens?: 'as-they-are';
  /** A padding id below 0 in config.json stands for no padding. */
  readonly mayLackPadding?: true;
}

/**
 * What a conversion gives to the tokenizer. The tokenizer writes the `tokenizer.*` key-values into `kv`, in the
 * reference's order.
 */
export interface TokenizerContext extends KindOptions {
  readonly files: SmallFiles;
  readonly config: Config;
  readonly kv: KeyValues;
  /** The name that `--pre-tokenizer` gives; it wins over the fingerprint. */
  readonly preTokenizer?: string;
  /** Writes what the family has between the tokens and what all kinds have behind them. */
  readonly between?: () => Promise<void>;
  /**
   * Of a model in Mistral's own format: whether a template that Mistral did not publish is written where the repository
   * has none.
   */
  readonly communityTemplate?: boolean;
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

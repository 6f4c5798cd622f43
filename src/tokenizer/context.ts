import type { Config } from '../config/config.js';
import type { KeyValues } from '../gguf/key-values.js';
import type { WithinTime } from '../hf-tokenizer/time-limit.js';
import type { SmallFiles } from '../repo/small-files.js';

/** What a conversion tells the tokenizer, and where it writes: the `tokenizer.*` key-values in the reference's order. */
export interface TokenizerContext {
  readonly files: SmallFiles;
  readonly config: Config;
  readonly kv: KeyValues;
  /** `--pre-tokenizer`: the name to write whatever the fingerprint says. */
  readonly preTokenizer?: string;
  /** Stops a tokenizer whose patterns run away. */
  readonly withinTime: WithinTime;
  /** Something that the user should know but that stops nothing. */
  warn(what: string, next?: string): void;
  /** Something that holds if the file's vocabulary cuts text as the repository's tokenizer does. */
  guess?(what: string, next: string): void;
}

/** `model_type` of config.json; empty where it names none. */
export function modelTypeOf({ config }: TokenizerContext): string {
  return String(config.hparams.model_type ?? '');
}

import type { Config } from '../config/config.js';
import { SourceError } from '../errors.js';
import { beginning } from '../json.js';
import { MAX_VOCABULARY } from '../limits.js';

/** config.json gives an impossible size of the vocabulary. */
export class InvalidVocabularySizeError extends SourceError {}

/**
 * Reads the first of `keys` that the configuration has; undefined if there is none, or if it is null. ref-quirk:
 * `find_hparam` in conversion/base.py.
 * @throws InvalidVocabularySizeError
 */
export function vocabularySize(config: Config, keys: readonly string[] = ['vocab_size']): number | undefined {
  const key = keys.find((name) => name in config.hparams);
  const size = key === undefined ? null : config.hparams[key];
  if (size === null || size === undefined) {
    return undefined;
  }
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > MAX_VOCABULARY) {
    throw new InvalidVocabularySizeError(
      `config.json: ${key} is ${beginning(size)}; a vocabulary has 0 to ${MAX_VOCABULARY} tokens.`,
      'Correct config.json.',
    );
  }
  return size;
}

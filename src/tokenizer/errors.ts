import { SourceError, UnsupportedError } from '../errors.js';

/** No file of the repository holds a tokenizer, or only ones of a kind that is not handled yet. */
export class NoTokenizerError extends SourceError {}

/** A tokenizer of a kind that this version does not write. */
export class UnsupportedTokenizerError extends UnsupportedError {}

/** A tokenizer file that contradicts itself, another file or the model's configuration. */
export class BrokenTokenizerError extends SourceError {
  constructor(file: string, what: string, next = 'Check the repository, or download the file again.') {
    super(`${file}: ${what}.`, next);
  }
}

/** A token id that is negative, no number, or too large. */
export class InvalidTokenIdError extends SourceError {
  constructor(file: string, key: string, value: unknown) {
    super(
      `${file}: ${key} is ${JSON.stringify(value)}, which is no token id.`,
      'Correct the file: ids are whole numbers from 0, without quotes.',
    );
  }
}

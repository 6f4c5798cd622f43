import { SourceError } from '../errors.js';
import { MalformedTokenizerError } from '../hf-tokenizer/fields.js';

/** No file of the repository holds a tokenizer. */
export class NoTokenizerError extends SourceError {}

/** A token id that is negative, no whole number, or too large. */
export class InvalidTokenIdError extends SourceError {
  constructor(file: string, key: string, value: unknown) {
    super(
      `${file}: ${key} is ${JSON.stringify(value)}, which is no token id.`,
      'Correct the file: ids are whole numbers from 0, without quotes.',
    );
  }
}

/** For a tokenizer's file that contradicts its format, itself or the model's configuration. */
export function malformedFile(
  file: string,
  what: string,
  next = 'Download the file again, or tell the repository about it.',
): MalformedTokenizerError {
  return new MalformedTokenizerError(`${file}: ${what}.`, next);
}

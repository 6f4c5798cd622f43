import { SourceError, UnsupportedError } from '../errors.js';
import { beginning } from '../json.js';

/** A tokenizer's file does not follow its format, or contradicts itself or the model's configuration. */
export class MalformedTokenizerError extends SourceError {}

/** tokenizer.json asks for a component that this version does not have. */
export class UnsupportedTokenizerError extends UnsupportedError {}

/** A token id is negative, no whole number, or too large. */
export class InvalidTokenIdError extends SourceError {
  constructor(file: string, key: string, value: unknown) {
    super(
      `${file}: ${key} is ${beginning(value)}, which is no token id.`,
      'Correct the file: ids are whole numbers from 0, without quotes.',
    );
  }
}

/** Makes an error about one of a tokenizer's files. */
export function malformedFile(
  file: string,
  what: string,
  next = 'Download the file again, or tell the repository about it.',
): MalformedTokenizerError {
  return new MalformedTokenizerError(`${file}: ${what}.`, next);
}

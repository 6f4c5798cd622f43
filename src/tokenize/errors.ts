import { SourceError, UnsupportedError } from '../errors.js';

/** A kind of tokenizer, or of pre-tokenizer, that text cannot be encoded for. */
export class UnsupportedVocabularyError extends UnsupportedError {}

/** The `tokenizer.*` key-values contradict themselves; llama.cpp does not load such a file either. */
export class MalformedVocabularyError extends SourceError {
  constructor(what: string) {
    super(`The vocabulary is malformed: ${what}.`, 'Convert the model again.');
  }
}

/** A vocabulary without bytes meets a character that it has no token for; llama.cpp aborts. */
export class UnencodableTextError extends UnsupportedError {}

import { SourceError, UnsupportedError } from '../errors.js';

/** The vocabulary has a kind of tokenizer or pre-tokenizer that is not implemented here. */
export class UnsupportedVocabularyError extends UnsupportedError {}

/** The `tokenizer.*` key-values contradict themselves; llama.cpp does not load such a file either. */
export class MalformedVocabularyError extends SourceError {
  constructor(what: string) {
    super(`The vocabulary is malformed: ${what}.`, 'Convert the model again.');
  }
}

/** The text has a character for which the vocabulary has neither a token nor byte tokens. llama.cpp aborts. */
export class UnencodableTextError extends UnsupportedError {}

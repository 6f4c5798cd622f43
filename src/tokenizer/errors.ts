import { SourceError } from '../errors.js';

/** No file of the repository holds a tokenizer. */
export class NoTokenizerError extends SourceError {}

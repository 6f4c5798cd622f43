import { SourceError } from '../errors.js';

/** A model whose output is no number. */
export class NoNumberError extends SourceError {
  constructor(what: string) {
    super(
      `${what}: its weights are broken, or too large for float32.`,
      'Convert the model again; if that does not help, please report it.',
    );
  }
}

import { SourceError } from '../errors.js';

/** The output of a model is NaN or infinite. */
export class NoNumberError extends SourceError {
  constructor(what: string) {
    super(
      `${what}: its weights are broken, or too large for float32.`,
      'Convert the model again; if that does not help, please report it.',
    );
  }
}

import { SourceError } from '../errors.js';

/** The tokenizer takes longer for a short text than any real one needs. */
export class SlowTokenizerError extends SourceError {
  /** @param timeout milliseconds. */
  constructor(timeout: number, options?: ErrorOptions) {
    super(
      `tokenizer.json takes more than ${timeout / 1000} s for a short text: one of its patterns runs away.`,
      'Download the file again, or tell the repository about it.',
      options,
    );
  }
}

/**
 * Runs `work`, which encodes a short text, and stops it after `timeout` milliseconds. The caller passes the function
 * in, because the way to stop a regular expression depends on the platform.
 * @throws SlowTokenizerError, and the errors of `work`
 */
export type WithinTime = <T>(timeout: number, work: () => T) => T;

/** Milliseconds for a short text. Real tokenizers take half a second at most; a hostile pattern can run forever. */
export const CHECK_TIMEOUT = 10_000;

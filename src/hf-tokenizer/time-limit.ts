import { SourceError } from '../errors.js';

/** A short text takes longer than any real tokenizer needs. */
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
 * Runs `work`, which encodes a short text, and stops it after `timeout` milliseconds. What can stop a regular expression
 * depends on where the program runs, so it is handed in.
 * @throws SlowTokenizerError, and what `work` throws.
 */
export type WithinTime = <T>(timeout: number, work: () => T) => T;

/** Milliseconds for a short text, which takes half a second at most: patterns can be made to run for ever. */
export const CHECK_TIMEOUT = 10_000;

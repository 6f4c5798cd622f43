import { runInNewContext } from 'node:vm';
import { SourceError } from '../errors.js';

/** A short text takes longer than any real tokenizer needs. */
export class SlowTokenizerError extends SourceError {}

/** Milliseconds for a short text, which takes half a second at most: patterns can be made to run for ever. */
export const CHECK_TIMEOUT = 10_000;

/**
 * Runs `work`, which encodes a short text, and stops it after `timeout` milliseconds. Only what a script of node:vm
 * calls can be stopped, a regular expression included.
 * @throws SlowTokenizerError, and what `work` throws.
 */
export function withinTime<T>(timeout: number, work: () => T): T {
  try {
    return runInNewContext('work()', { work }, { timeout }) as T;
  } catch (cause) {
    // The error comes from another realm: it is no instance of this one's Error.
    if ((cause as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      throw new SlowTokenizerError(
        `tokenizer.json takes more than ${timeout / 1000} s for a short text: one of its patterns runs away.`,
        'Download the file again, or tell the repository about it.',
        { cause },
      );
    }
    throw cause;
  }
}

import { HubError, UsageError } from '../errors.js';
import type { HubLocation } from '../repo/errors.js';

/** Without a token, nothing can be written. */
export class NoWriteTokenError extends UsageError {
  constructor(endpoint: string) {
    super(
      'There is no token for the Hub, without which nothing can be published.',
      `Set HF_TOKEN to one with the right to write, from ${endpoint}/settings/tokens.`,
    );
  }
}

/** The Hub does not let this token write there. */
export class WriteRefusedError extends HubError {
  constructor({ endpoint, repo }: HubLocation, hubSays: string) {
    super(
      `The Hub token may not write to ${repo}${hubSays && ` (the Hub says: ${hubSays})`}.`,
      `Take one with the right to write to it, from ${endpoint}/settings/tokens, or name another repository.`,
    );
  }
}

/** The Hub does not take what was sent. */
export class NotTakenError extends HubError {
  constructor({ endpoint, repo }: HubLocation, what: string) {
    super(`${repo} at ${endpoint} did not take ${what}.`, 'Run the same command again; it goes on where this one was.');
  }
}

/** Somebody else changed the repository while files for it were made. */
export class RepositoryChangedError extends HubError {
  constructor({ repo }: HubLocation) {
    super(
      `${repo} was changed by somebody else meanwhile.`,
      'Run the same command again; what is uploaded stays there.',
    );
  }
}

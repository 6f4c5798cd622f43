import { withoutSecrets } from './secrets.js';

/**
 * What can go wrong, by whose turn it is. Every failure that a user can cause is a subclass of one of these families,
 * defined beside the code that finds it; `message` says what is wrong and where, and ends with what to do next.
 */

/** Exit codes of the command line, one per family. */
export const EXIT = {
  done: 0,
  bug: 1,
  usage: 2,
  unsupported: 3,
  source: 4,
  hub: 5,
  resource: 6,
  gate: 7,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export abstract class Hf2ggufError extends Error {
  abstract readonly exitCode: ExitCode;
  /** What is wrong, and where (file, tensor, key): a sentence. */
  readonly what: string;
  /** What the user can do about it: a sentence. */
  readonly next: string;

  /** Secrets are taken out of both sentences. */
  constructor(what: string, next: string, options?: ErrorOptions) {
    super(withoutSecrets(`${what} ${next}`), options);
    this.name = new.target.name;
    this.what = withoutSecrets(what);
    this.next = withoutSecrets(next);
  }
}

/** The command line or the library's parameters make no sense. */
export class UsageError extends Hf2ggufError {
  readonly exitCode = EXIT.usage;
}

/** A model or an option that this version does not handle. */
export class UnsupportedError extends Hf2ggufError {
  readonly exitCode = EXIT.unsupported;
}

/** A source file that is broken, incomplete, hostile or contradicts another. */
export class SourceError extends Hf2ggufError {
  readonly exitCode = EXIT.source;
}

/** The Hub, the network or access rights. */
export class HubError extends Hf2ggufError {
  readonly exitCode = EXIT.hub;
}

/** Memory or disk does not suffice. */
export class ResourceError extends Hf2ggufError {
  readonly exitCode = EXIT.resource;
}

/** A quality gate or `--strict` said no. */
export class GateError extends Hf2ggufError {
  readonly exitCode = EXIT.gate;
}

/** The caller's AbortSignal fired, or Ctrl-C. */
export class InterruptedError extends Hf2ggufError {
  readonly exitCode = EXIT.interrupted;

  constructor(options?: ErrorOptions, { what, next } = NOTHING_LEFT) {
    super(what, next, options);
  }
}

const NOTHING_LEFT = {
  what: 'Interrupted; no file was left behind.',
  next: 'Run the same command again to start over.',
};

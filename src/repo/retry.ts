import { setTimeout as sleep } from 'node:timers/promises';
import type { HubError } from '../errors.js';
import type { WaitEvent } from '../events.js';
import { checkSignal } from './local-file.js';

/** How patient we are with a network. Times are in milliseconds. */
export interface NetworkPolicy {
  /** Tries of one request, counted anew whenever it gained some bytes. */
  readonly tries: number;
  /** Longest silence: until an answer starts, and between two pieces of it. */
  readonly silence: number;
  /** Pause before the second try; doubled each time, less a random part of up to a half. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** Longest pause that a server may ask for; the Hub's rate limits are per 5 minutes. */
  readonly longestAsked: number;
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export const DEFAULT_POLICY: NetworkPolicy = {
  tries: 7,
  silence: 10_000,
  firstPause: 500,
  longestPause: 30_000,
  longestAsked: 300_000,
  pause: async (ms, signal) => {
    // Its only failure is the signal's, which the caller looks at.
    await sleep(ms, undefined, signal && { signal }).catch(() => {});
  },
};

/** A failure that may pass; once the tries are used up, it becomes an error that tells their number. */
export class PassingFailure extends Error {
  constructor(
    /** For people, without a stop at its end. */
    readonly reason: string,
    readonly toError: (tries: number) => HubError,
    /** The pause that the server asks for. */
    readonly askedPause?: number,
  ) {
    super('may pass');
  }
}

/** How requests are tried again, and where pauses are reported. */
export interface Patience {
  readonly policy: NetworkPolicy;
  /** Receives an event before each pause. */
  emit?(event: WaitEvent): void;
}

/**
 * Pauses before the next try.
 * @param failures how many tries have failed, this one included.
 * @throws the failure itself when another try is no use, InterruptedError
 */
export async function beforeNextTry(
  failure: unknown,
  failures: number,
  { policy, emit }: Patience,
  signal?: AbortSignal,
): Promise<void> {
  checkSignal(signal);
  if (!(failure instanceof PassingFailure)) {
    throw failure;
  }
  if (failures >= policy.tries) {
    throw failure.toError(failures);
  }
  const longest = Math.min(policy.firstPause * 2 ** (failures - 1), policy.longestPause);
  const asked = Math.min(failure.askedPause ?? 0, policy.longestAsked);
  const pause = Math.max(asked, longest * (1 - Math.random() / 2));
  const [attempt, attempts] = [failures + 1, policy.tries];
  emit?.({ event: 'wait', seconds: pause / 1000, reason: failure.reason, attempt, attempts });
  await policy.pause(pause, signal);
  checkSignal(signal);
}

/**
 * The pause, in milliseconds, that an answer asks for: `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), else
 * the seconds `t` until the Hub's rate limit starts anew (`RateLimit: "resolvers";r=0;t=56`).
 */
export function askedPause(headers: Headers, now: number): number | undefined {
  const after = headers.get('retry-after')?.trim();
  if (after) {
    const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - now;
    return Number.isNaN(ms) ? undefined : Math.max(0, ms);
  }
  const reset = /;\s*t=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1];
  return reset === undefined ? undefined : Number(reset) * 1000;
}

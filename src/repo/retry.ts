import { setTimeout as sleep } from 'node:timers/promises';
import type { HubError } from '../errors.js';
import type { WaitEvent } from '../events.js';
import { TooSlowError } from './errors.js';
import { checkSignal } from './local-file.js';

/** How patient we are with a network. Times are in milliseconds. */
export interface NetworkPolicy {
  /** Failures of a request, one after the other, while its host answers nothing else either. */
  readonly tries: number;
  /** The same while other requests succeed: with a host that fails every second time, chance alone can fail a request often. */
  readonly triesBesideOthers: number;
  /** Longest silence: until an answer starts, and between two pieces of it. */
  readonly silence: number;
  /**
   * Least bytes a second of a body, on average over `SILENCES` silences.
   * A line of 64 kbit/s that eight ranges share gives each of them 1 KiB/s.
   */
  readonly leastRate: number;
  /** Pause before the second try; doubled each time, less a random part of up to a half. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** Most that the pauses of one request take together; the Hub's rate limits are per 5 minutes. */
  readonly longestWait: number;
  /** A clock that never goes back. */
  readonly elapsed: () => number;
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Silences in the time over which a rate is measured: a minute by default, and always more than one silence. */
const SILENCES = 6;
/** Doublings of the pause while other requests succeed. */
const DOUBLINGS_BESIDE_OTHERS = 3;
/** Longest pause that is believed: a year. Dates beyond some 270,000 years can't be shown. */
const MAX_ASKED = 365 * 86_400_000;

export const DEFAULT_POLICY: NetworkPolicy = {
  tries: 7,
  triesBesideOthers: 30,
  silence: 10_000,
  leastRate: 1024,
  firstPause: 500,
  longestPause: 30_000,
  longestWait: 600_000,
  elapsed: () => performance.now(),
  pause: async (ms, signal) => {
    // Its only failure is the signal's, which the caller looks at.
    await sleep(ms, undefined, signal && { signal }).catch(() => {});
  },
};

/** The default patience, with what the user sets of it. */
export function policyOf({
  silence = DEFAULT_POLICY.silence,
  longestWait = DEFAULT_POLICY.longestWait,
}: Partial<NetworkPolicy>): NetworkPolicy {
  return { ...DEFAULT_POLICY, silence, longestWait };
}

/** The time, in milliseconds, in which `leastBytes` have to come. */
export function rateWindow({ silence }: NetworkPolicy): number {
  return SILENCES * silence;
}

export function leastBytes(policy: NetworkPolicy): number {
  return Math.floor((policy.leastRate * rateWindow(policy)) / 1000);
}

/** How a request ended that was given up. */
export interface GivenUp {
  readonly tries: number;
  /** The pause that the server asked for, in milliseconds, where it is longer than we wait. */
  readonly comeAgainIn?: number;
}

/** A failure that may pass; once the tries or the patience are used up, it becomes an error that says so. */
export class PassingFailure extends Error {
  constructor(
    /** For people, without a stop at its end. */
    readonly reason: string,
    readonly toError: (end: GivenUp) => HubError,
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

/** What the requests to one host know of each other. */
export interface Neighbours {
  /** Requests that were answered to the end. */
  completed: number;
}

/** The tries of one request, which are bounded in their number, in their pauses and in their time. */
export class Tries {
  #failures = 0;
  #failuresInRow = 0;
  #completedBefore = 0;
  #waited = 0;
  #gained = 0;
  #gainedInRow = 0;
  #begun: number;

  constructor(
    readonly patience: Patience,
    readonly neighbours: Neighbours,
    /** An address, for messages. */
    readonly where: string,
    /** Bytes that are to come; 0 where that is unknown. */
    readonly size: number,
    readonly signal?: AbortSignal,
  ) {
    this.#begun = patience.policy.elapsed();
  }

  /**
   * Counts bytes that came. The failures are counted anew once `leastBytes` have come after the last one: a server that
   * gives one byte and breaks off makes no progress.
   * @throws TooSlowError
   */
  gained(bytes: number): void {
    this.#gained += bytes;
    this.#gainedInRow += bytes;
    if (this.#gainedInRow >= leastBytes(this.patience.policy)) {
      this.#failuresInRow = 0;
    }
    this.#checkTime();
  }

  /** Takes time out of the request's that its caller spent with what came. */
  excuse(ms: number): void {
    this.#begun += ms;
  }

  completed(): void {
    this.neighbours.completed++;
  }

  /**
   * Pauses before the next try.
   * @throws the failure itself when another try is no use; what it becomes when no try is left; TooSlowError, InterruptedError
   */
  async next(failure: unknown): Promise<void> {
    checkSignal(this.signal);
    if (!(failure instanceof PassingFailure)) {
      throw failure;
    }
    this.#failures++;
    if (this.#failuresInRow++ === 0) {
      this.#completedBefore = this.neighbours.completed;
    }
    this.#gainedInRow = 0;
    this.#checkTime();
    const { policy, emit } = this.patience;
    const besideOthers = this.neighbours.completed > this.#completedBefore;
    const attempts = besideOthers ? policy.triesBesideOthers : policy.tries;
    const { askedPause: asked = 0 } = failure;
    const pause = Math.max(asked, ownPause(policy, this.#failuresInRow, besideOthers));
    if (this.#failuresInRow >= attempts || this.#waited + pause > policy.longestWait) {
      const comeAgain = asked > 0 && this.#waited + asked > policy.longestWait;
      throw failure.toError({ tries: this.#failures, ...(comeAgain && { comeAgainIn: Math.min(asked, MAX_ASKED) }) });
    }
    this.#waited += pause;
    emit?.({
      event: 'wait',
      seconds: pause / 1000,
      reason: failure.reason,
      attempt: this.#failuresInRow + 1,
      attempts,
    });
    await policy.pause(pause, this.signal);
    checkSignal(this.signal);
  }

  /** The whole request takes no longer than its bytes at the least rate, all pauses and ten more windows. */
  #checkTime(): void {
    const { policy } = this.patience;
    const longest = (this.size / policy.leastRate) * 1000 + policy.longestWait + 10 * rateWindow(policy);
    if (policy.elapsed() - this.#begun > longest) {
      throw new TooSlowError(this.where, this.#gained, longest, this.#failures + 1);
    }
  }
}

function ownPause({ firstPause, longestPause }: NetworkPolicy, failures: number, besideOthers: boolean): number {
  const doublings = besideOthers ? Math.min(failures - 1, DOUBLINGS_BESIDE_OTHERS) : failures - 1;
  return Math.min(firstPause * 2 ** doublings, longestPause) * (1 - Math.random() / 2);
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

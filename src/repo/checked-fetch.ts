import { withoutSecrets } from '../secrets.js';
import { readWhole } from './api-answer.js';
import { checkRange, passingWrongAnswer, type Range, type WatchedFile } from './check-range.js';
import { RateLimitedError, ServerFailingError, WrongAnswerError } from './errors.js';
import { askedPause, type Neighbours, PassingFailure, Tries } from './retry.js';
import { type Answer, type Outgoing, Transport, type TransportOptions, urlText } from './transport.js';

/** A refusal that another try would not change. `refusalError` makes the error for the user from it. */
export class RefusedAnswer extends Error {
  constructor(
    readonly status: number,
    /** `X-Error-Code`: GatedRepo, RepoNotFound, RevisionNotFound, EntryNotFound; or empty. */
    readonly code: string,
    /** `X-Error-Message`, fit to be shown; or empty. */
    readonly hubSays: string,
    /** Whether it is the Hub's own, not that of a host it redirects to. */
    readonly atHub: boolean,
    readonly tokenSent: boolean,
  ) {
    super(`status ${status}`);
  }
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly isOurs?: boolean;
  readonly signal?: AbortSignal | undefined;
  /**
   * Asked before each further try of what must not be done twice, since the answer alone may have been lost.
   * @returns whether it was done.
   */
  wasDone?(): Promise<boolean>;
}

/** `fetch` for the API. */
export type ApiFetch = (
  input: Parameters<typeof fetch>[0],
  init?: RequestInit & {
    /** Whether a server gave the address, such as that of a listing's next page: messages name its host alone. */
    readonly linked?: boolean;
  },
) => Promise<Response>;

/**
 * `fetch` for the Hub's client, which checks nothing and retries nothing itself, and ranges of files, which pass through
 * no stream of the client's; and what is sent. `Authorization` is set here, for the Hub's own origin.
 */
export class CheckedFetch {
  readonly #transport: Transport;
  readonly #neighbours: Neighbours = { completed: 0 };

  constructor(readonly options: TransportOptions) {
    this.#transport = new Transport(options);
  }

  /**
   * For the API: the answer is read whole, tried again after failures that may pass.
   * @throws RefusedAnswer, HubError, InterruptedError
   */
  readonly api: ApiFetch = async (input, init) => {
    const url = urlOf(input);
    const isOurs = !init?.linked;
    const where = isOurs ? urlText(url) : `${url.origin}/…`;
    const tries = this.#tries(where, 0, init?.signal ?? undefined);
    for (;;) {
      try {
        const answer = await this.#transport.get(url, new Headers(init?.headers), tries.signal, isOurs);
        checkStatus(answer, this.options);
        const body = await readWhole(answer, (bytes) => tries.gained(bytes));
        tries.completed();
        return new Response(body, { headers: answer.headers });
      } catch (failure) {
        this.#transport.failed(url);
        await tries.next(failure);
      }
    }
  };

  /**
   * Sends something, again after failures that may pass. The answer is read whole; it is empty where `wasDone` has said
   * that there is nothing more to do.
   * @param isOurs false for an address that a server gave, of which messages name the host alone.
   * @throws RefusedAnswer, HubError, InterruptedError
   */
  async send(
    url: URL,
    sent: Outgoing,
    { headers = {}, isOurs = true, signal, wasDone }: SendOptions = {},
  ): Promise<{ readonly headers: Headers; readonly body: Buffer }> {
    const size = typeof sent.body === 'string' ? sent.body.length : sent.body.size;
    const tries = this.#tries(isOurs ? urlText(url) : `${url.origin}/…`, size, signal);
    for (;;) {
      try {
        const answer = await this.#transport.send(url, sent, new Headers(headers), signal, isOurs);
        checkStatus(answer, this.options);
        const body = await readWhole({ ...answer, status: 200 }, (bytes) => tries.gained(bytes));
        tries.completed();
        return { headers: answer.headers, body };
      } catch (failure) {
        await tries.next(failure);
      }
      if (await wasDone?.()) {
        return { headers: new Headers(), body: Buffer.from('{}') };
      }
    }
  }

  /**
   * One range of a file: exactly those bytes, gone on with from the byte reached after a failure that may pass. No
   * request is made before the first piece is asked for.
   * @throws RefusedAnswer, HubError, InterruptedError
   */
  async *range(
    url: URL,
    file: WatchedFile,
    { from, to }: Range,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, void> {
    const { elapsed } = this.options.policy;
    const tries = this.#tries(urlText(url), to + 1 - from, signal);
    let next = from;
    while (next <= to) {
      try {
        const answer = await this.#transport.get(url, new Headers({ range: `bytes=${next}-${to}` }), signal);
        checkStatus(answer, this.options);
        checkRange(answer, { from: next, to }, file);
        for await (const piece of answer.body) {
          if (piece.length > to + 1 - next) {
            // What was handed on of it before can't be taken back.
            throw new WrongAnswerError(answer.where, 'it has more bytes than were asked for');
          }
          next += piece.length;
          tries.gained(piece.length);
          const left = elapsed();
          yield piece;
          tries.excuse(elapsed() - left);
        }
        if (next <= to) {
          throw passingWrongAnswer(answer, `it ends at byte ${next}, before byte ${to + 1}`);
        }
      } catch (failure) {
        // The last byte may be there although the connection didn't end well.
        if (next <= to) {
          this.#transport.failed(url);
          await tries.next(failure);
        }
      }
    }
    this.#transport.succeeded(url);
    tries.completed();
  }

  #tries(where: string, size: number, signal?: AbortSignal): Tries {
    return new Tries(this.options, this.#neighbours, where, size, signal);
  }
}

function urlOf(input: string | URL | Request): URL {
  return new URL(input instanceof Request ? input.url : input);
}

/** @throws PassingFailure, RefusedAnswer */
function checkStatus(answer: Answer, options: TransportOptions): void {
  const { status, headers } = answer;
  if (status >= 200 && status < 300) {
    return;
  }
  answer.discard();
  const { where } = answer;
  const pause = askedPause(headers, Date.now());
  if (status === 429) {
    throw new PassingFailure(
      'the Hub limits the rate of requests',
      ({ tries, comeAgainIn }) => new RateLimitedError(where, tries, comeAgainIn),
      pause,
    );
  }
  if (status >= 500 || status === 408) {
    throw new PassingFailure(
      `the Hub fails with status ${status}`,
      ({ tries, comeAgainIn }) => new ServerFailingError(where, status, tries, comeAgainIn),
      pause,
    );
  }
  const says = showable(headers.get('x-error-message') ?? '', options.token);
  throw new RefusedAnswer(status, headers.get('x-error-code') ?? '', says, answer.atHub, answer.tokenSent);
}

/** A server's text for a terminal: one line, not long, and never with the token that a server might echo. */
function showable(text: string, token: string | null): string {
  // Of a token that is too short to be known by its parts, at least the whole.
  const secretless = withoutSecrets(token ? text.replaceAll(token, 'hf_...') : text);
  return secretless
    .replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, 200)
    .replace(/\.$/, '');
}

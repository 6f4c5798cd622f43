import type { HubError } from '../errors.js';
import { MAX_ANSWER_BYTES } from '../limits.js';
import { withoutSecrets } from '../secrets.js';
import { RateLimitedError, ServerFailingError, WrongAnswerError } from './errors.js';
import { follow } from './follow.js';
import { askedPause, beforeNextTry, PassingFailure } from './retry.js';
import { type Answer, Transport, type TransportOptions } from './transport.js';

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

export type CheckedFetch = (
  input: Parameters<typeof fetch>[0],
  init?: RequestInit & {
    /** Whether a server gave the address, such as that of a listing's next page: messages name its host alone. */
    readonly linked?: boolean;
  },
) => Promise<Response>;

/**
 * A `fetch` for the Hub's client, which checks nothing and retries nothing itself. GET only.
 *
 * With a `Range` header (`bytes=a-b`), the request is made when the body is read, as the client turns a rejection into
 * a bare string: the body is exactly those bytes, gone on with from the byte reached after a failure that may pass, or
 * it ends in one of the errors below. Without one, the answer is read whole, with the same patience.
 * `Authorization` is set here, for the Hub's own origin.
 * @throws RefusedAnswer, HubError, InterruptedError
 */
export function checkedFetch(options: TransportOptions): CheckedFetch {
  const transport = new Transport(options);
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    const signal = init?.signal ?? undefined;
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.get('range') ?? '');
    if (!range) {
      return wholeAnswer(transport, url, headers, signal, !init?.linked);
    }
    const asked = { from: Number(range[1]), to: Number(range[2]) };
    const body = webStream((stop) => rangeBody(transport, url, asked, stop), signal);
    return new Response(body, { status: 206 });
  };
}

/** Both ends included, as in the header. */
interface Range {
  readonly from: number;
  readonly to: number;
}

async function wholeAnswer(
  transport: Transport,
  url: URL,
  headers: Headers,
  signal: AbortSignal | undefined,
  isOurs: boolean,
): Promise<Response> {
  for (let failures = 0; ; ) {
    try {
      const answer = await transport.get(url, headers, signal, isOurs);
      checkStatus(answer, transport.options);
      return new Response(await collect(answer), { status: answer.status, headers: answer.headers });
    } catch (failure) {
      await beforeNextTry(failure, ++failures, transport.options, signal);
    }
  }
}

async function collect(answer: Answer): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body) {
    bytes += piece.length;
    if (bytes > MAX_ANSWER_BYTES) {
      throw new WrongAnswerError(answer.where, `it has more than ${MAX_ANSWER_BYTES} bytes`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function* rangeBody(transport: Transport, url: URL, range: Range, signal?: AbortSignal) {
  let next = range.from;
  for (let failures = 0; next <= range.to; ) {
    try {
      const headers = new Headers({ range: `bytes=${next}-${range.to}` });
      const answer = await transport.get(url, headers, signal);
      checkStatus(answer, transport.options);
      checkRange(answer, { from: next, to: range.to });
      for await (const piece of answer.body) {
        if (piece.length > range.to + 1 - next) {
          throw passingWrongAnswer(answer, 'it has more bytes than were asked for');
        }
        next += piece.length;
        failures = 0;
        yield piece;
      }
      if (next <= range.to) {
        throw passingWrongAnswer(answer, `it ends at byte ${next}, before byte ${range.to + 1}`);
      }
    } catch (failure) {
      // The last byte may be there although the connection didn't end well.
      if (next <= range.to) {
        await beforeNextTry(failure, ++failures, transport.options, signal);
      }
    }
  }
}

/** @throws PassingFailure, RefusedAnswer */
function checkStatus(answer: Answer, options: TransportOptions): void {
  const { status, headers } = answer;
  if (status >= 200 && status < 300) {
    return;
  }
  answer.discard();
  const where = answer.where;
  const pause = askedPause(headers, Date.now());
  if (status === 429) {
    throw new PassingFailure(
      'the Hub limits the rate of requests',
      (tries) => new RateLimitedError(where, tries),
      pause,
    );
  }
  if (status >= 500 || status === 408) {
    const toError = (tries: number) => new ServerFailingError(where, status, tries);
    throw new PassingFailure(`the Hub fails with status ${status}`, toError, pause);
  }
  const says = showable(headers.get('x-error-message') ?? '', options.token);
  throw new RefusedAnswer(status, headers.get('x-error-code') ?? '', says, answer.atHub, answer.tokenSent);
}

/** @throws PassingFailure when the answer holds other bytes than those asked for. */
function checkRange(answer: Answer, { from, to }: Range): void {
  const { status, headers } = answer;
  const length = headers.get('content-length');
  const expected = String(to + 1 - from);
  if (status === 200 && from === 0 && length === expected && !headers.has('content-encoding')) {
    return; // The whole file, which is what was asked for.
  }
  const given = headers.get('content-range') ?? 'no range';
  let wrong: string | null = null;
  if (status !== 206) {
    wrong = `it has status ${status} where 206 was due`;
  } else if (!given.startsWith(`bytes ${from}-${to}/`)) {
    wrong = `it holds "${given.slice(0, 60)}" where bytes ${from}-${to} were asked for`;
  } else if (length !== null && length !== expected) {
    wrong = `it announces ${length.slice(0, 20)} bytes where ${expected} were asked for`;
  }
  if (wrong) {
    answer.discard();
    throw passingWrongAnswer(answer, wrong);
  }
}

function passingWrongAnswer(answer: Answer, why: string): PassingFailure {
  const where = answer.where;
  return new PassingFailure(`an answer is wrong: ${why}`, (): HubError => new WrongAnswerError(where, why));
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

/** A stream of what a generator yields. The generator's signal is aborted when the reader or the caller stops. */
function webStream(
  generate: (stop: AbortSignal) => AsyncGenerator<Uint8Array, void, void>,
  outer?: AbortSignal,
): ReadableStream<Uint8Array> {
  const inner = new AbortController();
  const unfollow = follow(outer, inner);
  const pieces = generate(inner.signal);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next().catch((error: unknown) => {
          unfollow();
          throw error;
        });
        if (done) {
          unfollow();
          controller.close();
        } else {
          controller.enqueue(value);
        }
      },
      async cancel() {
        unfollow();
        inner.abort();
        await pieces.return();
      },
    },
    { highWaterMark: 0 },
  );
}

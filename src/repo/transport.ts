import { holdsSecret } from '../secrets.js';
import { NetworkDownError, WrongAnswerError } from './errors.js';
import { follow } from './follow.js';
import { checkSignal, errorCode } from './local-file.js';
import { PassingFailure, type Patience } from './retry.js';

const MAX_REDIRECTS = 10;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The address at the end of the redirects. */
  readonly url: URL;
  /** That address as messages name it. */
  readonly where: string;
  /** Whether that address is on the Hub's own origin. */
  readonly atHub: boolean;
  /** Whether it was sent the token. */
  readonly tokenSent: boolean;
  /** To be read once. */
  readonly body: AsyncGenerator<Uint8Array, void, void>;
  /** Drops the connection, unless the body has been read to the end. */
  readonly discard: () => void;
}

export interface TransportOptions extends Patience {
  /** `https://huggingface.co`: the token goes to this origin only. */
  readonly endpoint: string;
  readonly token: string | null;
  readonly fetch: typeof fetch;
}

/**
 * One GET at a time, without retries: walks redirects itself, so that at each hop the token goes to the Hub's own
 * origin and nowhere else; ends on silence and on the caller's signal.
 */
export class Transport {
  /** By a file's address, where it led, so that each range of it need not ask the Hub again; such links expire. */
  readonly #leads = new Map<string, URL>();

  constructor(readonly options: TransportOptions) {}

  /**
   * @param isOurs false for an address that a server gave, of which no more than the host is named.
   * @throws PassingFailure, WrongAnswerError, InterruptedError
   */
  async get(url: URL, headers: Headers, signal?: AbortSignal, isOurs = true): Promise<Answer> {
    const asked = isOurs ? url : null;
    const lead = this.#leads.get(url.href);
    // Forgotten until it has answered well once more: otherwise the next try starts at the Hub.
    this.#leads.delete(url.href);
    let answer = await this.#walk(lead ?? url, asked, headers, signal);
    const expired = lead && answer.status >= 400 && answer.status < 500 && answer.status !== 429;
    if (expired) {
      answer.discard();
      answer = await this.#walk(url, asked, headers, signal);
    }
    if (answer.status === 206 && answer.url.href !== url.href) {
      this.#leads.set(url.href, answer.url);
    }
    return answer;
  }

  async #walk(from: URL, asked: URL | null, headers: Headers, signal?: AbortSignal): Promise<Answer> {
    let url = from;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const answer = await this.#one(url, this.#text(url, asked), headers, signal);
      const location = answer.status >= 300 && answer.status < 400 ? answer.headers.get('location') : null;
      if (location === null) {
        return answer;
      }
      answer.discard();
      url = redirected(url, location, answer.where);
    }
    throw new WrongAnswerError(this.#text(from, asked), `it redirects more than ${MAX_REDIRECTS} times`);
  }

  /**
   * An address for a message, such as `https://cdn.example/…/model.safetensors` where a redirect led there. Of paths, only
   * what was asked for is shown: a server that was sent a token may have put it into another, or into the name of a host.
   */
  #text({ origin, pathname, host }: URL, asked: URL | null): string {
    if (asked?.origin === origin && asked.pathname === pathname) {
      return `${origin}${pathname}`;
    }
    const isHub = origin === new URL(this.options.endpoint).origin;
    const file = asked ? asked.pathname.slice(asked.pathname.lastIndexOf('/')) : '';
    return isHub || !holdsSecret(host) ? `${origin}/…${file}` : `another host's …${file}`;
  }

  async #one(url: URL, where: string, given: Headers, signal?: AbortSignal): Promise<Answer> {
    const { endpoint, token, policy } = this.options;
    const headers = new Headers(given);
    headers.delete('authorization');
    const atHub = url.origin === new URL(endpoint).origin;
    const tokenSent = atHub && token !== null;
    if (tokenSent) {
      headers.set('authorization', `Bearer ${token}`);
    }
    const watch = new Watch(where, policy.silence, signal);
    const response = await watch.over(() =>
      this.options.fetch(url, { headers, redirect: 'manual', signal: watch.signal }),
    );
    return {
      status: response.status,
      headers: response.headers,
      url,
      where,
      atHub,
      tokenSent,
      body: watchedBody(response, watch),
      discard: () => watch.end(),
    };
  }
}

/** @throws WrongAnswerError for an address that can't be, another protocol, or a step down from https to http. */
function redirected(from: URL, location: string, where: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : null;
  const good = to && (to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:'));
  if (!good) {
    throw new WrongAnswerError(where, `it redirects to something that isn't an ${from.protocol}// address`);
  }
  return to;
}

/** Ends a request on silence and on the caller's signal, and tells the two and other failures apart. */
class Watch {
  readonly #request = new AbortController();
  readonly #unfollow: () => void;
  #silent = false;

  constructor(
    readonly where: string,
    readonly silence: number,
    readonly outer?: AbortSignal,
  ) {
    checkSignal(outer);
    this.#unfollow = follow(outer, this.#request);
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  /** @throws InterruptedError, PassingFailure */
  async over<T>(step: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#silent = true;
      this.#request.abort();
    }, this.silence);
    try {
      return await step();
    } catch (error) {
      this.end();
      checkSignal(this.outer);
      const why = this.#silent ? `nothing came for ${this.silence / 1000} s` : networkCode(error);
      throw new PassingFailure(why, (tries) => new NetworkDownError(this.where, why, tries));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Drops the connection, unless its answer has been read to the end. */
  end(): void {
    this.#unfollow();
    this.#request.abort();
  }
}

async function* watchedBody(response: Response, watch: Watch): AsyncGenerator<Uint8Array, void, void> {
  const reader = response.body?.getReader();
  try {
    while (reader) {
      const { done, value } = await watch.over(() => reader.read());
      if (done) {
        return;
      }
      yield value;
    }
  } finally {
    watch.end();
  }
}

/** `ECONNRESET` and its like stand in the cause of fetch's error; nothing else of it is shown or kept. */
function networkCode(error: unknown): string {
  const cause = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : error;
  const code = errorCode(cause);
  return code === null ? 'the connection broke' : `the connection failed (${code})`;
}

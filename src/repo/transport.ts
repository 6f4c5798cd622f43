import { Hf2ggufError } from '../errors.js';
import { counted } from '../options/counted.js';
import { holdsSecret } from '../secrets.js';
import { NetworkDownError, WrongAnswerError } from './errors.js';
import { follow } from './follow.js';
import { LocalBlob } from './local-blob.js';
import { checkSignal, errorCode } from './local-file.js';
import { leastBytes, type NetworkPolicy, PassingFailure, type Patience, rateWindow } from './retry.js';

const MAX_REDIRECTS = 10;
/** Failures one after the other at the address that a request was redirected to, until the Hub is asked anew. */
const MAX_LEAD_FAILURES = 2;

/** An answer on the way of redirects. */
export interface Hop {
  readonly url: URL;
  /** That address as messages name it. */
  readonly where: string;
  readonly headers: Headers;
}

export interface Answer extends Hop {
  readonly status: number;
  /** The redirects that led to it, first one first. */
  readonly redirects: readonly Hop[];
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

/** A request that is no GET: what is sent, and for how long its answer may be awaited once all of it is. */
export interface Outgoing {
  readonly method: 'POST' | 'PUT';
  readonly body: string | Blob;
  /** Milliseconds. @default the policy's */
  readonly silence?: number;
}

/** Where a request was redirected to, with its failures there since the last success. */
interface Lead {
  readonly url: URL;
  failures: number;
}

/**
 * One request at a time, without retries: walks redirects itself, so that at each hop the token goes to the Hub's own
 * origin and nowhere else; ends on silence, on slowness and on the caller's signal.
 */
export class Transport {
  /** By a file's address, where it led, so that each range of it need not ask the Hub again; such links expire. */
  readonly #leads = new Map<string, Lead>();

  constructor(readonly options: TransportOptions) {}

  /**
   * Starts where an earlier request for the same address was led. A failure there may be that host's alone, so what is
   * tried again is the hop that failed.
   * @param isOurs false for an address that a server gave, of which no more than the host is named.
   * @throws PassingFailure, WrongAnswerError, InterruptedError
   */
  async get(url: URL, headers: Headers, signal?: AbortSignal, isOurs = true): Promise<Answer> {
    const asked = isOurs ? url : null;
    const lead = this.#leads.get(url.href);
    if (lead) {
      const answer = await this.#walk(url, lead.url, asked, headers, signal);
      const expired = answer.status >= 400 && answer.status < 500 && answer.status !== 429 && answer.status !== 408;
      if (!expired) {
        return answer;
      }
      answer.discard();
      this.#leads.delete(url.href);
    }
    return this.#walk(url, url, asked, headers, signal);
  }

  /** Sends something. @param isOurs as of `get`. @throws as `get` */
  async send(url: URL, sent: Outgoing, headers: Headers, signal?: AbortSignal, isOurs = true): Promise<Answer> {
    return this.#walk(url, url, isOurs ? url : null, headers, signal, sent);
  }

  /** To be called when a request for that address has been answered to the end. */
  succeeded(url: URL): void {
    const lead = this.#leads.get(url.href);
    if (lead) {
      lead.failures = 0;
    }
  }

  /** To be called when a request for that address has failed. */
  failed(url: URL): void {
    const lead = this.#leads.get(url.href);
    if (lead && ++lead.failures >= MAX_LEAD_FAILURES) {
      this.#leads.delete(url.href);
    }
  }

  async #walk(
    url: URL,
    from: URL,
    asked: URL | null,
    headers: Headers,
    signal?: AbortSignal,
    sent?: Outgoing,
  ): Promise<Answer> {
    const redirects: Hop[] = [];
    let at = from;
    while (redirects.length <= MAX_REDIRECTS) {
      const answer = await this.#one(at, this.#text(at, asked), headers, signal, sent);
      const location = answer.status >= 300 && answer.status < 400 ? answer.headers.get('location') : null;
      if (location === null) {
        return { ...answer, redirects };
      }
      answer.discard();
      redirects.push(answer);
      at = redirected(at, location, answer.where);
      if (!sent) {
        this.#leads.set(url.href, { url: at, failures: 0 });
      } else if (answer.status !== 307 && answer.status !== 308) {
        // Others ask for a GET, by which nothing would be sent.
        throw new WrongAnswerError(answer.where, `it redirects a ${sent.method} with status ${answer.status}`);
      }
    }
    this.#leads.delete(url.href);
    throw new WrongAnswerError(this.#text(from, asked), `it redirects more than ${MAX_REDIRECTS} times`);
  }

  /**
   * An address for a message, such as `https://cdn.example/…/model.safetensors` where a redirect led there. Of paths, only
   * what was asked for is shown: a server that was sent a token may have put it into another, or into the name of a host.
   */
  #text(url: URL, asked: URL | null): string {
    const { origin, pathname, host } = url;
    if (asked?.origin === origin && asked.pathname === pathname) {
      return urlText(url);
    }
    const isHub = origin === new URL(this.options.endpoint).origin;
    const file = asked ? asked.pathname.slice(asked.pathname.lastIndexOf('/')) : '';
    return isHub || !holdsSecret(host) ? `${origin}/…${file}` : `another host's …${file}`;
  }

  async #one(
    url: URL,
    where: string,
    given: Headers,
    signal?: AbortSignal,
    sent?: Outgoing,
  ): Promise<Omit<Answer, 'redirects'>> {
    const { endpoint, token } = this.options;
    const policy =
      sent?.silence === undefined ? this.options.policy : { ...this.options.policy, silence: sent.silence };
    const headers = new Headers(given);
    headers.delete('authorization');
    const atHub = url.origin === new URL(endpoint).origin;
    const tokenSent = atHub && token !== null;
    if (tokenSent) {
      headers.set('authorization', `Bearer ${token}`);
    }
    const watch = new Watch(where, policy, signal);
    const { method = 'GET', body } = sent ?? {};
    const own = body instanceof LocalBlob ? fromDisk(body, watch) : body !== undefined && { body };
    const response = await watch.over(() =>
      this.options.fetch(url, { method, headers, redirect: 'manual', ...own, signal: watch.signal }),
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

/**
 * A file as a body. Unless redirects are errors and there is no window, Node's fetch keeps a copy of all that was sent, so
 * as to be able to send it again.
 */
function fromDisk(body: LocalBlob, watch: Watch): RequestInit {
  return { body: body.heard(() => watch.heard()), redirect: 'error', window: null };
}

/** @throws WrongAnswerError for an address that can't be or holds a password, another protocol, or a step down from https to http. */
function redirected(from: URL, location: string, where: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : null;
  const isWeb = to && (to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:'));
  if (!isWeb || to.username || to.password) {
    throw new WrongAnswerError(where, `it redirects to something that isn't an ${from.protocol}// address`);
  }
  return to;
}

/** An address that is ours, for messages. */
export function urlText(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** Ends a request on silence, on slowness and on the caller's signal, and tells these and other failures apart. */
class Watch {
  readonly #request = new AbortController();
  readonly #unfollow: () => void;
  #silent = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly where: string,
    readonly policy: NetworkPolicy,
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
    this.#timer = setTimeout(() => {
      this.#silent = true;
      this.#request.abort();
    }, this.policy.silence);
    try {
      return await step();
    } catch (error) {
      this.end();
      checkSignal(this.outer);
      throw (
        refusalOf(error) ??
        this.failure(this.#silent ? `nothing came for ${this.policy.silence / 1000} s` : networkCode(error))
      );
    } finally {
      clearTimeout(this.#timer);
    }
  }

  /** Something was sent: the silence begins anew. */
  heard(): void {
    this.#timer?.refresh();
  }

  failure(why: string): PassingFailure {
    return new PassingFailure(why, ({ tries }) => new NetworkDownError(this.where, why, tries));
  }

  /** Drops the connection, unless its answer has been read to the end. */
  end(): void {
    this.#unfollow();
    this.#request.abort();
  }
}

/** The time that the reader takes for what came isn't counted: the rate is that of the network. */
async function* watchedBody(response: Response, watch: Watch): AsyncGenerator<Uint8Array, void, void> {
  const { policy } = watch;
  const reader = response.body?.getReader();
  let [waited, bytes] = [0, 0];
  try {
    while (reader) {
      const begun = policy.elapsed();
      const { done, value } = await watch.over(() => reader.read());
      waited += policy.elapsed() - begun;
      if (done) {
        return;
      }
      bytes += value.length;
      if (waited >= rateWindow(policy)) {
        if (bytes < leastBytes(policy)) {
          throw watch.failure(`only ${counted(bytes, 'byte')} came in ${Math.round(waited / 1000)} s`);
        }
        [waited, bytes] = [0, 0];
      }
      yield value;
    }
  } finally {
    watch.end();
  }
}

/** What the caller's own `fetch` refuses: no other try changes it. */
function refusalOf(error: unknown): Hf2ggufError | null {
  const cause = error instanceof Error ? error.cause : null;
  return cause instanceof Hf2ggufError ? cause : null;
}

/** `ECONNRESET` and its like stand in the cause of fetch's error; nothing else of it is shown or kept. */
function networkCode(error: unknown): string {
  const cause = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : error;
  const code = errorCode(cause);
  return code === null ? 'the connection broke' : `the connection failed (${code})`;
}

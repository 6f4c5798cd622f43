import type { HubError } from '../errors.js';
import { type HubLocation, ReplacedFileError, WrongAnswerError } from './errors.js';
import { PassingFailure } from './retry.js';
import { type Answer, type Hop, urlText } from './transport.js';

/** Both ends included, as in the header. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A file of a commit as it was listed, and what was seen of it in the answers so far. */
export class WatchedFile {
  /** By the header's name and the address: the file's tags. */
  readonly #tags = new Map<string, string>();

  constructor(
    readonly at: HubLocation & { readonly path: string },
    readonly size: number,
  ) {}

  /**
   * Checks what the redirects and the answer say of the file: `X-Repo-Commit` and `X-Linked-Size` as the Hub's listing
   * has them; `X-Linked-ETag` and a strong `ETag` as they were before. An ETag is compared with others of the same
   * address only: each of the hosts that keep a file makes its own.
   * @throws ReplacedFileError
   */
  check({ redirects, ...last }: Answer): void {
    for (const { headers } of [...redirects, last]) {
      this.#same('commit', headers.get('x-repo-commit'), this.at.revision);
      this.#same('size', headers.get('x-linked-size'), String(this.size));
      this.#asBefore('X-Linked-ETag', headers.get('x-linked-etag'), '');
    }
    const tag = last.headers.get('etag');
    this.#asBefore('ETag', tag?.startsWith('"') ? tag : null, urlText(last.url));
  }

  #same(what: string, given: string | null, listed: string): void {
    if (given !== null && given !== listed) {
      throw new ReplacedFileError(this.at, `its ${what} is ${shown(given)} in place of ${listed}`);
    }
  }

  #asBefore(name: string, tag: string | null, address: string): void {
    if (tag === null) {
      return;
    }
    const key = `${name} ${address}`;
    const before = this.#tags.get(key) ?? tag;
    this.#tags.set(key, before);
    if (before !== tag) {
      throw new ReplacedFileError(this.at, `its ${name} is ${shown(tag)} in place of ${shown(before)}`);
    }
  }
}

/**
 * @throws PassingFailure when the answer holds other bytes than those asked for: a proxy on the way may do better next time.
 * @throws ReplacedFileError
 */
export function checkRange(answer: Answer, range: Range, file: WatchedFile): void {
  try {
    const wrong = wrongRange(answer, range);
    if (wrong) {
      throw passingWrongAnswer(answer, wrong);
    }
    file.check(answer);
    const total = totalOf(answer);
    if (answer.status === 206 && total !== String(file.size)) {
      const why = `it has ${shown(total)} bytes where ${file.size} are listed`;
      throw new PassingFailure(`an answer is wrong: ${why}`, () => new ReplacedFileError(file.at, why));
    }
  } catch (error) {
    answer.discard();
    throw error;
  }
}

/** What is wrong; null where the body will be exactly the range. */
function wrongRange({ status, headers }: Answer, { from, to }: Range): string | null {
  const length = headers.get('content-length');
  const expected = String(to + 1 - from);
  const encoding = headers.get('content-encoding') ?? 'identity';
  const given = headers.get('content-range') ?? 'no range';
  if (encoding !== 'identity') {
    return `it is encoded (${shown(encoding)}), which wasn't asked for`;
  }
  if (status === 200 && from === 0 && length === expected) {
    return null; // The whole file, which is what was asked for.
  }
  if (status !== 206) {
    return `it has status ${status} where 206 was due`;
  }
  if (/^\s*multipart\//i.test(headers.get('content-type') ?? '')) {
    return 'it has several parts where one range was asked for';
  }
  if (!given.startsWith(`bytes ${from}-${to}/`)) {
    return `it holds "${shown(given)}" where bytes ${from}-${to} were asked for`;
  }
  if (length !== null && length !== expected) {
    return `it announces ${shown(length)} bytes where ${expected} were asked for`;
  }
  return null;
}

function totalOf({ headers }: Hop): string {
  return (headers.get('content-range') ?? '').replace(/^.*\//, '');
}

export function passingWrongAnswer(answer: Answer, why: string): PassingFailure {
  const { where } = answer;
  return new PassingFailure(`an answer is wrong: ${why}`, (): HubError => new WrongAnswerError(where, why));
}

/** A header's text for a terminal. */
function shown(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 80);
}

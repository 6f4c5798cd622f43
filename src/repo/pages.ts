import { MAX_REPO_FILES, MAX_REPO_PAGES } from '../limits.js';
import type { ApiFetch } from './checked-fetch.js';
import { type HubLocation, TooManyFilesError, WrongAnswerError } from './errors.js';

/**
 * A `fetch` for the pages of one listing. The Hub's client follows the `Link` of a page to any host, and takes one that
 * it can't read for the end of the listing; so each link is checked here and handed on in the form that the client reads.
 * @throws TooManyFilesError, WrongAnswerError for a next page that is elsewhere or was read before
 */
export function pagedFetch(fetch: ApiFetch, at: HubLocation): typeof globalThis.fetch {
  const pages = new Set<string>();
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (pages.has(url.href)) {
      throw new WrongAnswerError(at.endpoint, 'the pages of its listing go round in a circle');
    }
    if (pages.size >= MAX_REPO_PAGES) {
      throw new TooManyFilesError(at.repo, MAX_REPO_FILES);
    }
    pages.add(url.href);
    const page = await fetch(input, { ...init, linked: pages.size > 1 });
    const next = nextPage(page.headers, url, at.endpoint);
    const headers = new Headers(page.headers);
    headers.delete('link');
    if (next) {
      headers.set('link', `<${next.href}>; rel="next"`);
    }
    return new Response(page.body, { headers });
  };
}

/** Format of the header: RFC 8288, of which one address and its `rel` is read. */
function nextPage(headers: Headers, page: URL, endpoint: string): URL | null {
  const link = headers.get('link') ?? '';
  if (!/\brel\s*=\s*"?next\b/i.test(link)) {
    return null;
  }
  const target = /<([^>]*)>[^,<]*;\s*rel\s*=\s*"?next\b/i.exec(link)?.[1] ?? 'nothing:';
  const next = URL.canParse(target, page.href) ? new URL(target, page.href) : null;
  if (next?.origin !== new URL(endpoint).origin) {
    throw new WrongAnswerError(endpoint, 'the next page of its listing is not on the same host');
  }
  return next;
}

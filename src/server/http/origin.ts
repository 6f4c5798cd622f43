import type { MiddlewareHandler } from 'hono';

/** Names of this machine for itself. */
const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

/** The type of plots and icons. */
export const PICTURE = 'image/svg+xml';

/** What goes with every answer: the page loads nothing from elsewhere, and no other page may hold it or read it. */
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** A picture that is opened by itself is a page of its own: it gets nothing but its own styles. */
const PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

/** The headers of an answer that do not depend on what it holds, but for its type. */
export function headersOf({ headers }: Response): Readonly<Record<string, string>> {
  const isPicture = headers.get('content-type') === PICTURE;
  return { ...PAGE_HEADERS, ...(isPicture && { 'content-security-policy': PICTURE_POLICY }) };
}

/**
 * Refuses what other pages send: by a name of theirs that they had resolved to this machine (DNS rebinding), or across
 * origins, which browsers say in `Origin` and `Sec-Fetch-Site`.
 * @param isLoopback whether the server is known by the names of this machine alone; others log in, and cookies know names.
 * @param publicUrl what users know it by, where a proxy asks it by another name; null where none does.
 */
export const refuseForeign =
  (isLoopback: boolean, publicUrl: string | null): MiddlewareHandler =>
  async (context, next) => {
    const host = context.req.header('host') ?? '';
    const origin = context.req.header('origin');
    const site = context.req.header('sec-fetch-site') ?? 'same-origin';
    const isOwn =
      origin === undefined || origin === publicUrl || (URL.canParse(origin) && new URL(origin).host === host);
    const isRead = context.req.method === 'GET' || context.req.method === 'HEAD';
    if (isLoopback && publicUrl === null && !LOOPBACK.test(host)) {
      return context.json({ what: 'This server is only for the machine that it runs on.' }, 403);
    }
    if (!isRead && !(isOwn && ['same-origin', 'none'].includes(site))) {
      return context.json({ what: 'Another page may not do this.' }, 403);
    }
    return next();
  };

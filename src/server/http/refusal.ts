import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Failure } from '../api.js';

/** An answer that says what is wrong. */
export class Refusal extends Error {
  constructor(
    readonly status: ContentfulStatusCode,
    readonly failure: Failure,
  ) {
    super(failure.what);
  }
}

/** @throws Refusal */
export function refuse(status: ContentfulStatusCode, what: string, next?: string): never {
  throw new Refusal(status, { what, ...(next !== undefined && { next }) });
}

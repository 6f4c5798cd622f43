import type { WaitEvent } from '../events.js';
import { type JsonObject, parseJsonObject } from '../json.js';
import { type ApiFetch, CheckedFetch } from '../repo/checked-fetch.js';
import { hubSettings } from '../repo/hub-settings.js';
import { policyOf } from '../repo/retry.js';
import type { PublishParams } from './params.js';

/** What asks the Hub: each request is checked, tried again, and has the token at the Hub's own origin alone. */
export interface HubClient {
  readonly endpoint: string;
  readonly isOffline: boolean;
  readonly checked: CheckedFetch;
  readonly fetch: ApiFetch;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds that an answer to something large may take. */
  readonly patience: number;
}

export type HubClientOptions = Pick<PublishParams, 'token' | 'endpoint' | 'fetch' | 'signal'> & {
  emit(event: WaitEvent): void;
};

/** @throws BadEndpointError, TokenInvalidError */
export function hubClient(options: HubClientOptions): HubClient {
  const settings = hubSettings(process.env, options);
  const policy = policyOf(settings);
  const checked = new CheckedFetch({ ...settings, fetch: options.fetch ?? fetch, policy, emit: options.emit });
  const { signal } = options;
  return {
    ...{
      endpoint: settings.endpoint,
      isOffline: settings.offline,
      checked,
      signal,
      patience: PATIENCE * policy.silence,
    },
    fetch: (input, init) => checked.api(input, { ...init, signal: signal ?? null }),
  };
}

/** Silences that the Hub may take for an answer to a commit, or to the end of an upload: it looks at all parts first. */
const PATIENCE = 6;

const JSON_TYPE = 'application/json';
/** Lines of JSON, as a commit is sent. */
export const NDJSON = 'application/x-ndjson';

/**
 * Posts JSON, or lines of it, to the Hub's API.
 * @param path from `/api`, or that of a repository's LFS.
 * @param repo that the request is about, for messages.
 * @param wasDone as of `CheckedFetch.send`.
 * @throws HubError, InterruptedError, MalformedJsonError
 */
export async function post(
  { endpoint, checked, signal, patience }: HubClient,
  path: string,
  repo: string,
  content: unknown,
  type = JSON_TYPE,
  wasDone?: () => Promise<boolean>,
): Promise<JsonObject> {
  const body = typeof content === 'string' ? content : JSON.stringify(content);
  const headers = { 'content-type': type, accept: type === NDJSON ? JSON_TYPE : type };
  const isLarge = type === NDJSON;
  const sent = { method: 'POST', body, ...(isLarge && { silence: patience }) } as const;
  const answer = await checked.send(new URL(`${endpoint}${path}`), sent, {
    headers,
    signal,
    ...(wasDone && { wasDone }),
  });
  return parseJsonObject(answer.body.toString(), `the answer to ${path} of ${repo}`);
}

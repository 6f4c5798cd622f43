import type { WaitEvent } from '../events.js';
import { type ApiFetch, CheckedFetch } from '../repo/checked-fetch.js';
import { hubSettings } from '../repo/hub-settings.js';
import { DEFAULT_POLICY } from '../repo/retry.js';
import type { PublishParams } from './params.js';

/** What asks the Hub: its address, and a `fetch` that checks, tries again and sends the token to the Hub alone. */
export interface HubClient {
  readonly endpoint: string;
  readonly fetch: ApiFetch;
  readonly isOffline: boolean;
}

type Options = Pick<PublishParams, 'token' | 'endpoint' | 'fetch' | 'signal'> & { emit(event: WaitEvent): void };

/** @throws BadEndpointError, TokenInvalidError */
export function hubClient(options: Options): HubClient {
  const settings = hubSettings(process.env, options);
  const { silence = DEFAULT_POLICY.silence, longestWait = DEFAULT_POLICY.longestWait } = settings;
  const { api } = new CheckedFetch({
    ...settings,
    fetch: options.fetch ?? fetch,
    policy: { ...DEFAULT_POLICY, silence, longestWait },
    emit: options.emit,
  });
  const signal = options.signal ?? null;
  return {
    endpoint: settings.endpoint,
    isOffline: settings.offline,
    fetch: (input, init) => api(input, { ...init, signal }),
  };
}

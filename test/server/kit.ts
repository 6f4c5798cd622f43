import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { makeApp } from '#src/server/http/app.js';
import { EventStreams } from '#src/server/http/event-streams.js';
import { CONNECTION_LIMITS, type ConnectionLimits, makeServer } from '#src/server/http/http-server.js';
import { SqliteQueue } from '#src/server/queue/sqlite-queue.js';
import { guardedFetch } from '#src/server/users/guarded-fetch.js';
import { LocalSources } from '#src/server/users/local-sources.js';
import { HuggingFace, oauthSettings } from '#src/server/users/oauth.js';
import { type LogIn, Sessions } from '#src/server/users/sessions.js';
import { passingKey, UserTokens } from '#src/server/users/user-tokens.js';
import type { UserLimits } from '#src/server/work/orders.js';
import type { LoopbackHub } from '../hub/server.mjs';
import { tempFolder } from '../temp.js';

export const SHARED = 'a token that nobody guesses';

export interface Setup {
  readonly how?: LogIn['how'];
  /** The data folder. */
  readonly folder?: string;
  readonly limits?: Partial<UserLimits>;
  readonly connections?: Partial<ConnectionLimits>;
  readonly streams?: number;
  readonly allowLocal?: string;
  /** What users log in with, where they share a token. */
  readonly shared?: string;
}

/** A server in this process, without workers. */
export interface OpenServer {
  readonly address: string;
  readonly app: ReturnType<typeof makeApp>;
  readonly http: Server;
  readonly queue: SqliteQueue;
  readonly streams: EventStreams;
  readonly tokens: UserTokens;
  /** Where the files of jobs are. */
  readonly jobs: string;
  readonly lines: string[];
  close(): Promise<void>;
}

export async function openServer(hub: LoopbackHub, setup: Setup = {}): Promise<OpenServer> {
  const { how = 'huggingface', folder = tempFolder(), limits, connections, allowLocal } = setup;
  const { endpoint } = hub;
  const tokens = new UserTokens(join(folder, 'tokens'), passingKey());
  const access = { endpoint, fetch: guardedFetch(endpoint), tokens };
  const { clientId, clientSecret } = hub.world.oauth;
  const settings = oauthSettings({ OAUTH_CLIENT_ID: clientId, OAUTH_CLIENT_SECRET: clientSecret }, endpoint);
  const logIns: Record<LogIn['how'], LogIn> = {
    none: { how: 'none' },
    token: { how: 'token', token: setup.shared ?? SHARED },
    huggingface: { how: 'huggingface', hub: new HuggingFace(settings, access.fetch), tokens },
  };
  const sessions = await Sessions.open(join(folder, 'session.key'), logIns[how], null);
  const queue = new SqliteQueue(join(folder, 'queue.db'));
  const streams = new EventStreams(queue, setup.streams);
  const jobs = join(folder, 'jobs');
  const lines: string[] = [];
  const app = makeApp({
    ...{ queue, streams, sessions, isLoopback: true, access, folder: jobs },
    log: pino({}, { write: (line) => lines.push(line) }),
    page: fileURLToPath(new URL('../../../dist/page/', import.meta.url)),
    local: await LocalSources.open(allowLocal),
    limits: { jobs: 20, size: Number.POSITIVE_INFINITY, ...limits },
    shareFrom: Number.POSITIVE_INFINITY,
  });
  const http = makeServer(app, { ...CONNECTION_LIMITS, ...connections });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    ...{ app, http, queue, streams, tokens, jobs, lines },
    address: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: async () => {
      streams.close();
      http.closeAllConnections();
      http.close();
      await queue.close();
    },
  };
}

/** An account at the loopback Hub. */
export interface Account {
  readonly sub: string;
  readonly name: string;
  readonly token: string;
  readonly expiresIn?: number;
}

export const ANN: Account = { sub: 'id-of-ann', name: 'ann', token: 'hf_oauth_AnnsTokenOfTheTests.0123456789abc' };
export const BOB: Account = { sub: 'id-of-bob', name: 'bob', token: 'hf_oauth_BobsTokenOfTheTests.9876543210xyz' };

/** The header of what a browser was told to keep. */
export function cookieOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0] ?? '')
    .filter((cookie) => !cookie.endsWith('='))
    .join('; ');
}

/** The steps of a log-in at the Hub, as a browser goes them. */
export async function stepsOfLogIn(address: string, hub: LoopbackHub, account: Account | null) {
  hub.world.oauth.account = account;
  const begun = await fetch(`${address}/login`, { redirect: 'manual' });
  const atHub = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' });
  const back = atHub.headers.get('location') ?? '';
  return { begun, back, cookie: cookieOf(begun) };
}

/** Logs in at the Hub; gives the header that later requests have. */
export async function logInAtHub(address: string, hub: LoopbackHub, account: Account): Promise<string> {
  const { back, cookie } = await stepsOfLogIn(address, hub, account);
  const ended = await fetch(back, { redirect: 'manual', headers: { cookie } });
  expect([ended.status, ended.headers.get('location')]).toEqual([302, '/']);
  return cookieOf(ended);
}

/** Asks until the answer is as it is waited for. */
export async function until<Answer>(ask: () => Promise<Answer>, isThere: (answer: Answer) => boolean): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (isThere(answer)) {
      return answer;
    }
    await sleep(20);
  }
}

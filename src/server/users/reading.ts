import type { ConvertParams } from '../../calls/params.js';
import { GatedRepoError, RepoNotFoundError, TokenInvalidError, TokenMissingError } from '../../repo/errors.js';
import { hubSettings } from '../../repo/hub-settings.js';
import { LogInOverError } from '../errors.js';
import { guardedFetch } from './guarded-fetch.js';
import type { User } from './sessions.js';
import type { UserTokens } from './user-tokens.js';

/** As whom the Hub is read. */
export interface Reader {
  /** Whether the model is read without the token of this machine. */
  readonly isPublic: boolean;
  /** The user whose token reads and publishes; null where nobody's does, or that of this machine. */
  readonly user: string | null;
}

/** What a server or a worker has to read with. */
export interface Access {
  readonly endpoint?: string;
  /** Connects to where users may lead it. */
  readonly fetch: typeof fetch;
  /** Null where nobody logs in with an account at the Hub. */
  readonly tokens: UserTokens | null;
}

/** What the Hub is read with: for users, by requests that do not lead into the network that this machine stands in. */
export function makeAccess(tokens: UserTokens): Access {
  const { endpoint } = hubSettings(process.env);
  return { fetch: guardedFetch(endpoint), tokens };
}

/** How the library is told: which token, whose requests, and whether this machine's cache counts. */
export type Reading = Pick<ConvertParams, 'token' | 'endpoint' | 'cache' | 'fetch' | 'signal'>;

/** What a failure is to a user whose own token was sent: a token that the Hub does not take is a log-in that is over. */
export function logInOver(error: unknown): unknown {
  return error instanceof TokenInvalidError ? new LogInOverError() : error;
}

/** @throws LogInOverError */
export async function readAs({ isPublic, user }: Reader, { endpoint, fetch, tokens }: Access): Promise<Reading> {
  const own = user === null ? null : await tokens?.get(user);
  if (user !== null && !own) {
    throw new LogInOverError();
  }
  const isOwners = !isPublic && user === null;
  return {
    ...(endpoint !== undefined && { endpoint }),
    // An empty token is none. What the cache holds was the owner's to read.
    ...(!isOwners && { token: own?.token ?? '', cache: false, fetch }),
  };
}

/** What the Hub says of models that not everybody may read, or that are not there. */
const CLOSED = [TokenMissingError, GatedRepoError, RepoNotFoundError];

/** Asks as everybody; what is refused so, again with the user's own token. @throws LogInOverError, and as the action */
export async function asEither<Answer>(
  user: User,
  everybody: Reader,
  action: (reader: Reader) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await action(everybody);
  } catch (error) {
    if (!user.hasToken || !CLOSED.some((kind) => error instanceof kind)) {
      throw error;
    }
    return action({ ...everybody, user: user.id }).catch((refusal: unknown) => {
      throw logInOver(refusal);
    });
  }
}

import type { HubError } from '../errors.js';
import type { RefusedAnswer } from './checked-fetch.js';
import {
  AccessPendingError,
  FileNotFoundError,
  GatedRepoError,
  type HubLocation,
  RefusedError,
  RepoNotFoundError,
  RevisionNotFoundError,
  TokenInvalidError,
  TokenMissingError,
  TokenScopeError,
  WrongAnswerError,
} from './errors.js';

interface Refusal {
  readonly when: (answer: RefusedAnswer) => boolean;
  readonly error: (at: HubLocation, answer: RefusedAnswer) => HubError;
}

/**
 * The Hub's refusals, first match first. Codes and texts are the Hub's, as huggingface_hub (Python) tells them apart in
 * `hf_raise_for_status`. Without a token, the Hub answers 401 for what is private and for what isn't there alike.
 */
const REFUSALS: readonly Refusal[] = [
  {
    when: ({ status }) => status === 416,
    error: (at) => new WrongAnswerError(at.endpoint, `${at.path} of ${at.repo} is shorter than its listing says`),
  },
  { when: ({ atHub }) => !atHub, error: (at, a) => new RefusedError(at, a.status, a.hubSays) },
  { when: ({ hubSays }) => /disabled/i.test(hubSays), error: (at, a) => new RefusedError(at, a.status, a.hubSays) },
  { when: ({ hubSays }) => /awaiting a review/i.test(hubSays), error: (at) => new AccessPendingError(at) },
  {
    when: ({ status, tokenSent, hubSays }) =>
      status === 403 && tokenSent && /fine-grained|permission|scope|your token/i.test(hubSays),
    error: (at, { hubSays }) => new TokenScopeError(at, hubSays),
  },
  {
    when: ({ code, hubSays, tokenSent }) =>
      tokenSent && code !== 'GatedRepo' && /invalid credentials|invalid.*token|expired/i.test(hubSays),
    error: (at) => new TokenInvalidError(at.endpoint),
  },
  { when: ({ code }) => code === 'GatedRepo', error: (at, { tokenSent }) => new GatedRepoError(at, tokenSent) },
  { when: ({ code }) => code === 'RevisionNotFound', error: (at) => new RevisionNotFoundError(at) },
  { when: ({ code }) => code === 'EntryNotFound', error: (at) => new FileNotFoundError(at) },
  {
    when: ({ status, tokenSent }) => (status === 401 || status === 403) && !tokenSent,
    error: (at) => new TokenMissingError(at),
  },
  {
    when: ({ code, status }) => code === 'RepoNotFound' || status === 404,
    error: (at, a) => new RepoNotFoundError(at, a.tokenSent),
  },
  { when: ({ status }) => status === 401, error: (at) => new TokenInvalidError(at.endpoint) },
  { when: ({ status }) => status === 403, error: (at, { hubSays }) => new TokenScopeError(at, hubSays) },
];

/** The error for a refusal of a request about that repository or file. */
export function refusalError(answer: RefusedAnswer, at: HubLocation): HubError {
  const refusal = REFUSALS.find(({ when }) => when(answer));
  return refusal ? refusal.error(at, answer) : new RefusedError(at, answer.status, answer.hubSays);
}

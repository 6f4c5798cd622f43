import { isObject, parseJsonObject } from '../json.js';
import { RefusedAnswer } from '../repo/checked-fetch.js';
import {
  HubKindError,
  type HubLocation,
  RepoNotFoundError,
  TokenMissingError,
  WrongAnswerError,
} from '../repo/errors.js';
import { openHub } from '../repo/hub.js';
import { isCommit } from '../repo/hub-cache.js';
import { hubSettings } from '../repo/hub-settings.js';
import { refusalError } from '../repo/refusals.js';
import type { Repo, RepoFile } from '../repo/repo.js';
import { SmallFiles } from '../repo/small-files.js';
import { gitSha1, sha256 } from '../repo/verify.js';
import { NotTakenError, NoWriteTokenError, RepositoryChangedError, WriteRefusedError } from './errors.js';
import { type HubClient, type HubClientOptions, hubClient, NDJSON, post } from './hub-client.js';
import { type LfsFile, type LfsSource, sha256Of, uploadLfs } from './lfs-upload.js';

// The requests are those of @huggingface/hub, which uploads only what it commits at once, and tries nothing again.

/** A repository that is written to. */
export interface Target {
  readonly client: HubClient;
  readonly at: HubLocation;
  /** Its page. */
  readonly url: string;
  readonly exists: boolean;
  readonly isPrivate: boolean;
  /** The commit of its main branch; null where there is no repository. */
  readonly commit: string | null;
  /** Its files; with a hash where they are in LFS. */
  readonly files: readonly { readonly path: string; readonly size: number; readonly sha256?: string }[];
  /** @returns null for a file that is not there. */
  readText(path: string): Promise<string | null>;
}

/** @throws HubError; none where there is no such repository */
export async function openTarget(name: string, options: HubClientOptions): Promise<Target> {
  const client = hubClient(options);
  const at = { endpoint: client.endpoint, repo: name, revision: 'main' };
  const base = { client, at, url: `${client.endpoint}/${name}` };
  try {
    const repo = await openRevision(name, 'main', options);
    const small = new SmallFiles(repo, options.signal);
    return {
      ...base,
      exists: true,
      isPrivate: repo.access?.isPrivate ?? false,
      commit: repo.revision,
      files: await repo.list(),
      readText: (path) => small.text(path),
    };
  } catch (error) {
    if (!(error instanceof RepoNotFoundError || error instanceof TokenMissingError || error instanceof HubKindError)) {
      throw error;
    }
    return { ...base, exists: false, isPrivate: false, commit: null, files: [], readText: async () => null };
  }
}

/** The repository at a branch, or at the `refs/pr/1` of a pull request. @throws HubError */
function openRevision(name: string, revision: string, options: HubClientOptions): Promise<Repo> {
  const { signal, emit } = options;
  const settings = hubSettings(process.env, options);
  const own = { ...settings, offline: false, fetch: options.fetch ?? fetch, emit, ...(signal && { signal }) };
  return openHub(name, revision, own);
}

/** @throws NoWriteTokenError */
export function checkWriteToken(options: HubClientOptions): void {
  const { token, endpoint } = hubSettings(process.env, options);
  if (token === null) {
    throw new NoWriteTokenError(endpoint);
  }
}

/**
 * Creates the repository. One that another request has created meanwhile is as good: an answer may have been lost.
 * @throws WriteRefusedError, HubError
 */
export async function createTarget(target: Target, isPrivate: boolean, options: HubClientOptions): Promise<Target> {
  const { client, at } = target;
  const [organization = '', name = ''] = at.repo.split('/');
  const visibility = isPrivate ? 'private' : 'public';
  await writing(at, 'the new repository', () =>
    post(client, '/api/repos/create', at.repo, { name, organization, type: 'model', visibility }),
  ).catch((error: unknown) => {
    if (!(error instanceof RefusedAnswer && error.status === 409)) {
      throw error;
    }
  });
  return openTarget(at.repo, options);
}

/** Sends a file to the repository's storage, where a commit finds it. @throws WriteRefusedError, NotTakenError, HubError */
export async function uploadLarge({ client, at }: Target, file: LfsSource): Promise<LfsFile> {
  await writing(at, file.path, () => uploadLfs(client, at, file));
  return { path: file.path, size: file.size, sha256: file.sha256 };
}

export interface Change {
  /** The title of the commit. */
  readonly summary: string;
  /** Files that the storage has. */
  readonly uploaded: readonly LfsFile[];
  /** Files that stand in the commit itself. */
  readonly small: readonly { readonly path: string; readonly text: string }[];
  /** Paths to remove. */
  readonly deleted: readonly string[];
  /** Whether a pull request is opened instead. */
  readonly pr: boolean;
}

export interface Committed {
  readonly commit: string;
  /** The page of the pull request, or of the repository. */
  readonly url: string;
}

/**
 * Makes one commit on top of the one that the target was opened at. It is made once: where its answer is lost, the
 * repository shows whether it was made. A pull request of the same title and files is taken for this one.
 * @throws RepositoryChangedError, WriteRefusedError, NotTakenError, HubError
 */
export async function commitFiles(target: Target, change: Change, options: HubClientOptions): Promise<Committed> {
  const { client, at, commit: parentCommit } = target;
  const look = () => (change.pr ? pullRequestOf(target, change, options) : commitOf(target, change, options));
  let found = change.pr ? await look() : null;
  if (found) {
    return found;
  }
  const lines = [
    { key: 'header', value: { summary: change.summary, ...(parentCommit !== null && { parentCommit }) } },
    ...(await smallLines(target, change)),
    ...change.uploaded.map((file) => lfsLine(file)),
    ...change.deleted.map((path) => ({ key: 'deletedFile', value: { path } })),
  ];
  const body = lines.map((line) => JSON.stringify(line)).join('\n');
  const path = `/api/models/${at.repo}/commit/main${change.pr ? '?create_pr=1' : ''}`;
  const wasDone = async () => {
    found = await look();
    return found !== null;
  };
  try {
    const answer = await writing(at, 'the commit', () => post(client, path, at.repo, body, NDJSON, wasDone));
    const number = /\/discussions\/([1-9]\d*)$/.exec(String(answer.pullRequestUrl))?.[1];
    return found ?? committed(target, answer.commitOid, number);
  } catch (error) {
    if (!(error instanceof RefusedAnswer && (error.status === 412 || error.status === 409))) {
      throw error;
    }
    // The commit that is in the way may be our own, which was not yet to be seen when it was looked for.
    const own = await look();
    if (!own) {
      throw new RepositoryChangedError(at);
    }
    return own;
  }
}

/** Addresses are made here: what a server calls one may be anything. @throws WrongAnswerError */
function committed({ client, url }: Target, commit: unknown, pullRequest?: string | number): Committed {
  if (typeof commit !== 'string' || !isCommit(commit)) {
    throw new WrongAnswerError(client.endpoint, 'it names no commit');
  }
  return { commit, url: pullRequest === undefined ? url : `${url}/discussions/${pullRequest}` };
}

/** The head of the main branch, where it is a later one than the target's and has what a change makes; else null. */
async function commitOf(target: Target, change: Change, options: HubClientOptions): Promise<Committed | null> {
  const head = await openRevision(target.at.repo, 'main', options);
  const isNew = head.revision !== target.commit;
  return isNew && holds(await head.list(), change) ? committed(target, head.revision) : null;
}

/** Pull requests with the same title that are looked into, the latest first. */
const MAX_PULL_REQUESTS = 5;

/** The open pull request with a change's title and files; null where there is none. */
async function pullRequestOf(target: Target, change: Change, options: HubClientOptions): Promise<Committed | null> {
  const { client, at } = target;
  const url = `${client.endpoint}/api/models/${at.repo}/discussions?type=pull_request`;
  const { discussions } = parseJsonObject(await (await client.fetch(url)).text(), `the pull requests of ${at.repo}`);
  const numbers = (Array.isArray(discussions) ? discussions : [])
    .filter(isObject)
    .filter(({ isPullRequest, title }) => isPullRequest === true && title === change.summary)
    .filter(({ status }) => status === 'open' || status === 'draft')
    .map(({ num }) => Number(num))
    .filter((number) => Number.isSafeInteger(number) && number > 0)
    .sort((a, b) => b - a);
  for (const number of numbers.slice(0, MAX_PULL_REQUESTS)) {
    const head = await openRevision(at.repo, `refs/pr/${number}`, options);
    if (holds(await head.list(), change)) {
      return committed(target, head.revision, number);
    }
  }
  return null;
}

/** Whether files are what a change makes of a repository. */
function holds(files: readonly RepoFile[], { uploaded, small, deleted }: Change): boolean {
  const there = new Map(files.map((file) => [file.path, file]));
  return (
    uploaded.every(({ path, sha256 }) => there.get(path)?.sha256 === sha256) &&
    small.every(({ path, text }) => {
      const { sha256: inLfs, gitSha1: inGit } = there.get(path) ?? {};
      const bytes = Buffer.from(text);
      return inLfs === undefined ? inGit === gitSha1(bytes) : inLfs === sha256(bytes);
    }) &&
    deleted.every((path) => !there.has(path))
  );
}

function lfsLine({ path, size, sha256 }: LfsFile) {
  return { key: 'lfsFile', value: { path, algo: 'sha256', size, oid: sha256 } };
}

/** The lines of small files. The repository alone says which of them belong into its storage. */
async function smallLines(target: Target, { small, pr }: Change): Promise<object[]> {
  const { client, at } = target;
  const files = small.map(({ path, text }) => {
    const bytes = Buffer.from(text);
    return { path, bytes, size: bytes.length, sample: bytes.subarray(0, 512).toString('base64') };
  });
  const asked = files.map(({ path, size, sample }) => ({ path, size, sample }));
  const path = `/api/models/${at.repo}/preupload/main${pr ? '?create_pr=1' : ''}`;
  const answer = await writing(at, 'the list of files', () => post(client, path, at.repo, { files: asked }));
  const modes = Array.isArray(answer.files) ? answer.files : [];
  const lines: object[] = [];
  for (const { path, bytes, size } of files) {
    const isLarge = modes.some((mode) => mode?.path === path && mode.uploadMode === 'lfs');
    if (isLarge) {
      const slice = (from: number, to: number) => new Blob([bytes.subarray(from, to)]);
      lines.push(lfsLine(await uploadLarge(target, { path, size, sha256: await sha256Of(slice(0, size)), slice })));
    } else {
      lines.push({ key: 'file', value: { path, content: bytes.toString('base64'), encoding: 'base64' } });
    }
  }
  return lines;
}

/** Statuses that mean something to who asked. */
const OWN_STATUSES = [409, 412];

/** Says what a refusal of what was sent means. @throws WriteRefusedError, NotTakenError; RefusedAnswer with 409 or 412 */
async function writing<T>(at: HubLocation, what: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof RefusedAnswer) || OWN_STATUSES.includes(error.status)) {
      throw error;
    }
    const { status, atHub, tokenSent, hubSays } = error;
    if (!tokenSent && atHub) {
      throw new NoWriteTokenError(at.endpoint);
    }
    if (atHub && (status === 401 || status === 403)) {
      throw /invalid credentials|expired/i.test(hubSays) ? refusalError(error, at) : new WriteRefusedError(at, hubSays);
    }
    throw new NotTakenError(at, `${what}: status ${status}${hubSays && ` (it says: ${hubSays})`}`);
  }
}

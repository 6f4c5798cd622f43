import { type ListFileEntry, listFiles, modelInfo } from '@huggingface/hub';
import { Hf2ggufError } from '../errors.js';
import type { WaitEvent } from '../events.js';
import { MAX_REPO_FILES, MAX_REPO_PATH_LENGTH } from '../limits.js';
import { WatchedFile } from './check-range.js';
import { type ApiFetch, CheckedFetch, RefusedAnswer } from './checked-fetch.js';
import {
  FileNotFoundError,
  HubKindError,
  type HubLocation,
  OfflineError,
  RepoNotFoundError,
  TokenMissingError,
  TooManyFilesError,
  WrongAnswerError,
} from './errors.js';
import { openFolder } from './folder.js';
import { HubCache, isCommit } from './hub-cache.js';
import type { HubSettings } from './hub-settings.js';
import { checkLength, readLocalInto, streamLocal } from './local-file.js';
import { pagedFetch } from './pages.js';
import { byCodePoint, checkRepoPath } from './paths.js';
import { refusalError } from './refusals.js';
import type { Access, Repo, RepoFile } from './repo.js';
import { type NetworkPolicy, policyOf } from './retry.js';
import { hashName, ReadNotes, verified } from './verify.js';

export interface HubOptions extends HubSettings {
  readonly fetch: typeof fetch;
  readonly policy?: Partial<NetworkPolicy>;
  /** Whether files of the cache are compared with their hashes too. @default false */
  readonly verify?: boolean;
  /** Stops opening. Each read has a signal of its own. */
  readonly signal?: AbortSignal;
  /** Receives an event for each pause between the tries of a request. */
  emit?(event: WaitEvent): void;
}

/**
 * A model on the Hub at the commit that `revision` means now; files that are in the cache for that commit are read
 * from there, and nothing is written. Offline, the cache is all there is.
 * @param repo `org/model` or `model`.
 * @throws HubError of ./errors.ts, InterruptedError
 */
export async function openHub(repo: string, revision: string, options: HubOptions): Promise<Repo> {
  const cache = options.cache === null ? null : new HubCache(options.cache, repo);
  if (options.offline) {
    return openSnapshot(repo, revision, cache, options);
  }
  const client: Client = {
    endpoint: options.endpoint,
    fetch: new CheckedFetch({ ...options, policy: { ...policyOf(options), ...options.policy } }),
  };
  const at = { endpoint: client.endpoint, repo, revision };
  const { commit, access } = await resolveCommit(client, at, options.signal).catch(async (error: unknown) => {
    throw (await otherKind(client, at, error, options.signal)) ?? error;
  });
  const files = await listCommit(client, { ...at, revision: commit }, options.signal);
  return new HubRepo(client, { ...at, revision: commit }, access, files, cache, options.verify);
}

interface Client {
  readonly endpoint: string;
  readonly fetch: CheckedFetch;
}

async function openSnapshot(
  repo: string,
  revision: string,
  cache: HubCache | null,
  options: HubOptions,
): Promise<Repo> {
  const { cache: root, verify } = options;
  const commit = cache?.commit(revision);
  if (!cache || !commit) {
    throw new OfflineError(`${repo} at ${revision}`, root);
  }
  return openFolder(
    cache.snapshot(commit),
    {
      id: repo,
      name: lastPart(repo),
      revision: commit,
      missing: (path) => new OfflineError(`${path} of ${repo}`, root),
    },
    verify,
  );
}

async function resolveCommit(
  client: Client,
  at: HubLocation,
  signal?: AbortSignal,
): Promise<{ readonly commit: string; readonly access: Access }> {
  const info = await explained(at, () =>
    modelInfo({
      name: at.repo,
      revision: at.revision,
      additionalFields: ['sha'],
      hubUrl: client.endpoint,
      fetch: withSignal(client.fetch.api, signal),
    }),
  );
  if (!isCommit(info.sha)) {
    throw new WrongAnswerError(client.endpoint, `it names no commit for ${at.repo} at ${at.revision}`);
  }
  return { commit: info.sha, access: { isPrivate: info.private, isGated: info.gated !== false } };
}

/** The error where a name that is no model's is a data set's or a Space's; else null. */
async function otherKind(client: Client, at: HubLocation, error: unknown, signal?: AbortSignal): Promise<Error | null> {
  if (!(error instanceof RepoNotFoundError || error instanceof TokenMissingError)) {
    return null;
  }
  for (const [kind, plural] of [
    ['dataset', 'datasets'],
    ['Space', 'spaces'],
  ] as const) {
    const url = `${client.endpoint}/api/${plural}/${at.repo}`;
    const answer = await withSignal(client.fetch.api, signal)(url).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) {
      return new HubKindError(at.repo, kind);
    }
  }
  return null;
}

async function listCommit(client: Client, at: HubLocation, signal?: AbortSignal): Promise<RepoFile[]> {
  const files = new Map<string, RepoFile>();
  let entries = 0;
  await explained(at, async () => {
    const listing = listFiles({
      repo: { type: 'model', name: at.repo },
      revision: at.revision,
      recursive: true,
      hubUrl: client.endpoint,
      fetch: pagedFetch(withSignal(client.fetch.api, signal), at),
    });
    for await (const entry of listing) {
      if (++entries > MAX_REPO_FILES) {
        throw new TooManyFilesError(at.repo, MAX_REPO_FILES);
      }
      if (entry.type === 'file') {
        const file = hubFile(entry, client.endpoint);
        if (files.has(file.path)) {
          throw new WrongAnswerError(client.endpoint, `it lists ${JSON.stringify(file.path)} twice`);
        }
        files.set(file.path, file);
      }
    }
  });
  return [...files.values()].sort(byCodePoint);
}

/** @throws WrongAnswerError, UnsafePathError */
function hubFile({ path, size: listed, oid, lfs }: ListFileEntry, endpoint: string): RepoFile {
  const size = lfs?.size ?? listed;
  const hash = lfs ? lfs.oid : oid;
  if (typeof path !== 'string') {
    throw new WrongAnswerError(endpoint, 'it lists a file without a path');
  }
  if (path.length > MAX_REPO_PATH_LENGTH) {
    throw new WrongAnswerError(endpoint, `it lists a path of ${path.length} characters`);
  }
  checkRepoPath(path);
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new WrongAnswerError(endpoint, `it gives ${JSON.stringify(path)} an impossible size`);
  }
  if (hash === undefined) {
    return { path, size };
  }
  if (typeof hash !== 'string' || !(lfs ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(hash)) {
    throw new WrongAnswerError(endpoint, `it gives ${JSON.stringify(path)} an impossible hash`);
  }
  return lfs ? { path, size, sha256: hash } : { path, size, gitSha1: hash };
}

class HubRepo implements Repo {
  readonly id: string;
  readonly name: string;
  readonly revision: string;
  readonly streamed = new Set<string>();
  readonly #files: ReadonlyMap<string, RepoFile>;
  readonly #notes = new ReadNotes();
  readonly #watched = new Map<string, WatchedFile>();

  constructor(
    readonly client: Client,
    readonly at: HubLocation,
    readonly access: Access,
    files: readonly RepoFile[],
    readonly cache: HubCache | null,
    readonly verify = false,
  ) {
    this.id = at.repo;
    this.name = lastPart(at.repo);
    this.revision = at.revision;
    this.#files = new Map(files.map((file) => [file.path, file]));
  }

  async list(): Promise<readonly RepoFile[]> {
    return [...this.#files.values()];
  }

  read(path: string, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#notes.read(this, path, offset, length, signal);
  }

  async readInto(path: string, offset: number, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    checkLength(this.file(path), offset + target.length);
    const local = this.local(path);
    if (local) {
      return readLocalInto(local, path, offset, target, signal);
    }
    let filled = 0;
    for await (const piece of this.#fetched(path, offset, target.length, signal)) {
      target.set(piece, filled);
      filled += piece.length;
    }
  }

  async *stream(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const file = this.file(path);
    const local = this.local(path);
    const pieces = local ? streamLocal(local, path, file.size, signal) : this.#fetched(path, 0, file.size, signal);
    this.streamed.add(path);
    yield* verified(file, pieces);
  }

  local(path: string): string | null {
    return this.cache?.file(this.revision, path, this.file(path).size) ?? null;
  }

  isChecked(path: string): boolean {
    return hashName(this.file(path)) !== null && (this.verify || this.local(path) === null);
  }

  notes(path: string) {
    return this.#notes.of(path);
  }

  file(path: string): RepoFile {
    const file = this.#files.get(checkRepoPath(path));
    if (!file) {
      throw new FileNotFoundError({ ...this.at, path });
    }
    return file;
  }

  /** Exactly `length` bytes: the checked fetch makes sure of it. */
  async *#fetched(path: string, offset: number, length: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    if (length === 0) {
      return;
    }
    const { endpoint, fetch } = this.client;
    const watched = this.#watch(path);
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    const url = new URL(`${endpoint}/${this.id}/resolve/${this.revision}/${encoded}`);
    try {
      yield* fetch.range(url, watched, { from: offset, to: offset + length - 1 }, signal);
    } catch (error) {
      throw explain(error, watched.at);
    }
  }

  #watch(path: string): WatchedFile {
    const watched = this.#watched.get(path) ?? new WatchedFile({ ...this.at, path }, this.file(path).size);
    this.#watched.set(path, watched);
    return watched;
  }
}

function lastPart(repo: string): string {
  return repo.slice(repo.indexOf('/') + 1);
}

function withSignal(fetch: ApiFetch, signal?: AbortSignal): ApiFetch {
  return (input, init) => fetch(input, { ...init, signal: signal ?? null });
}

async function explained<T>(at: HubLocation, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw explain(error, at);
  }
}

/** The error for the user: from a refusal of the checked fetch, or from what the client itself threw. */
function explain(error: unknown, at: HubLocation): Error {
  if (error instanceof RefusedAnswer) {
    return refusalError(error, at);
  }
  return error instanceof Hf2ggufError
    ? error
    : new WrongAnswerError(at.endpoint, 'it is not what the API of a Hub answers');
}

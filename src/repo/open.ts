import { UsageError } from '../errors.js';
import type { WaitEvent } from '../events.js';
import { snapshotOf } from './cache-folder.js';
import { FileOfRepoError } from './errors.js';
import { openFolder } from './folder.js';
import { hubSettings } from './hub-settings.js';
import type { Repo } from './repo.js';
import type { NetworkPolicy } from './retry.js';
import { type HubSource, type LocalSource, resolveSource, withRevision } from './source-name.js';

export interface OpenOptions {
  /** A branch, tag or commit. @default what follows `@` in the source, else `main` */
  readonly revision?: string;
  /** Sent to the Hub's own host only; an empty one means none. @default HF_TOKEN, else the file that a login left */
  readonly token?: string;
  /** @default HF_ENDPOINT, else https://huggingface.co */
  readonly endpoint?: string;
  /** Whether files in the Hub's cache of this machine are read there. @default true */
  readonly cache?: boolean;
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Whether files of this machine are compared with the hashes that are known of them. @default false */
  readonly verify?: boolean;
  /** Custom fetch, to go through a proxy for example. @default globalThis.fetch */
  readonly fetch?: typeof fetch;
  /** Stops opening. Each read has a signal of its own. */
  readonly signal?: AbortSignal;
  /** How patient to be with the network. */
  readonly policy?: Partial<NetworkPolicy>;
  /** Receives an event for each pause between the tries of a request. */
  emit?(event: WaitEvent): void;
}

export class RevisionOfFolderError extends UsageError {
  constructor(path: string) {
    super(`${path} is on this machine, where there are no revisions.`, 'Leave the revision out.');
  }
}

/**
 * A folder or a model on the Hub as a repository; a path that exists wins over a name on the Hub.
 * @param source a path, or any of a model's names on the Hub (see `resolveSource`).
 * @throws UsageError, SourceError, HubError, InterruptedError
 */
export async function openRepo(source: string, options: OpenOptions = {}): Promise<Repo> {
  const found = await resolveSource(source, endpointOf(options));
  if (found.at === 'hub') {
    const { repo, file } = found;
    if (file !== undefined) {
      throw new FileOfRepoError(repo, file);
    }
    return openNamed(source, found, options);
  }
  if (options.revision) {
    throw new RevisionOfFolderError(source);
  }
  const snapshot = found.kind === 'folder' ? await snapshotOf(source) : null;
  return snapshot
    ? openFolder(snapshot.path, snapshot.identity, options.verify)
    : openFolder(source, undefined, options.verify);
}

/**
 * Opens the repository on the Hub that a source names. A file in the name does not matter.
 * @param source for messages.
 */
export async function openNamed(source: string, named: HubSource, options: OpenOptions = {}): Promise<Repo> {
  const { repo, revision = 'main' } = withRevision(source, named, options.revision);
  const { openHub } = await import('./hub.js'); // The client takes 0.1 s to load, which folders need not pay.
  return openHub(repo, revision, {
    ...hubSettings(options.env ?? process.env, options),
    fetch: options.fetch ?? fetch,
    ...(options.policy && { policy: options.policy }),
    ...(options.verify && { verify: true }),
    ...(options.signal && { signal: options.signal }),
    ...(options.emit && { emit: options.emit }),
  });
}

/** A source's name with a revision. @throws RevisionOfFolderError, and as `resolveSource` */
export async function sourceAt(source: string, revision: string): Promise<string> {
  const found = await resolveSource(source, endpointOf({}));
  if (found.at === 'path') {
    throw new RevisionOfFolderError(source);
  }
  const { repo, file } = withRevision(source, found, revision);
  return `${repo}@${revision}${file === undefined ? '' : `:${file}`}`;
}

/** Whether a source names a GGUF file rather than a model to convert. @throws as `resolveSource` */
export async function namesGguf(source: string, options: OpenOptions = {}): Promise<boolean> {
  const found = await resolveSource(source, endpointOf(options));
  return found.at === 'hub' ? found.file !== undefined : found.kind === 'file' || isMissingGguf(found);
}

/** Whether a source is sure to be a model to convert: a folder, or `org/model`. @throws as `resolveSource` */
export async function namesModel(source: string, options: OpenOptions = {}): Promise<boolean> {
  const found = await resolveSource(source, endpointOf(options));
  return found.at === 'hub' ? found.file === undefined && found.repo.includes('/') : found.kind === 'folder';
}

function isMissingGguf({ kind, path }: LocalSource): boolean {
  return kind === 'nothing' && /\.gguf$/i.test(path);
}

/** The address whose pages a source may be. */
export function endpointOf({ endpoint, env = process.env }: OpenOptions): string | undefined {
  return endpoint || env.HF_ENDPOINT;
}

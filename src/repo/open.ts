import { UsageError } from '../errors.js';
import type { WaitEvent } from '../events.js';
import { NotASourceError } from './errors.js';
import { openFolder, statOrNull } from './folder.js';
import { hubSettings } from './hub-settings.js';
import type { Repo } from './repo.js';
import type { NetworkPolicy } from './retry.js';

export interface OpenOptions {
  /** A branch, tag or commit. @default what follows `@` in the source, else `main` */
  readonly revision?: string;
  /** Sent to the Hub's own host only; an empty one means none. @default HF_TOKEN, else the file that a login left */
  readonly token?: string;
  /** @default HF_ENDPOINT, else https://huggingface.co */
  readonly endpoint?: string;
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Custom fetch, to go through a proxy for example. @default globalThis.fetch */
  readonly fetch?: typeof fetch;
  /** Ends opening; each read has its own. */
  readonly signal?: AbortSignal;
  /** How patient to be with the network. */
  readonly policy?: Partial<NetworkPolicy>;
  /** Takes the pauses between the tries of a request. */
  emit?(event: WaitEvent): void;
}

export class RevisionOfFolderError extends UsageError {
  constructor(path: string) {
    super(`${path} is a folder, which has no revisions.`, 'Leave the revision out.');
  }
}

/** A name on the Hub: `org/model` or `model`, perhaps with `@revision`. */
const HUB_NAME = /^((?:[A-Za-z0-9_][\w.-]{0,95}\/)?[A-Za-z0-9_][\w.-]{0,95})(?:@(.+))?$/;
/** `./x`, `../x`, `/x`, `~/x`, `C:\x`: meant as a path, whether it exists or not. */
const PATH_LIKE = /^(?:\.{1,2}(?:[/\\]|$)|[/\\~]|[A-Za-z]:[/\\])/;

/**
 * A folder or a model on the Hub as a repository; a path that exists wins over a name on the Hub.
 * @param source a path, `org/model[@revision]`, or a bare Hub name such as `gpt2`.
 * @throws UsageError, SourceError, HubError, InterruptedError
 */
export async function openRepo(source: string, options: OpenOptions = {}): Promise<Repo> {
  if (source && (PATH_LIKE.test(source) || (await statOrNull(source, source)))) {
    if (options.revision) {
      throw new RevisionOfFolderError(source);
    }
    return openFolder(source);
  }
  const { repo, revision } = parseHubName(source, options.revision);
  const { openHub } = await import('./hub.js'); // The client takes 0.1 s to load, which folders need not pay.
  return openHub(repo, revision, {
    ...hubSettings(options.env ?? process.env, options),
    fetch: options.fetch ?? fetch,
    ...(options.policy && { policy: options.policy }),
    ...(options.signal && { signal: options.signal }),
    ...(options.emit && { emit: options.emit }),
  });
}

function parseHubName(source: string, given?: string): { repo: string; revision: string } {
  const [, repo, named] = HUB_NAME.exec(source) ?? [];
  if (!repo || /\.\.|--/.test(repo)) {
    throw new NotASourceError(source, 'is neither a folder that exists nor a Hub name');
  }
  if (given && named && given !== named) {
    throw new NotASourceError(source, `names another revision than "${given}", which is also asked for`);
  }
  const revision = given ?? named ?? 'main';
  // A revision becomes part of addresses and of paths in the cache.
  if (!/^[\w.+@#=,-]+(?:\/[\w.+@#=,-]+)*$/.test(revision) || revision.includes('..')) {
    throw new NotASourceError(source, `is asked for at ${JSON.stringify(revision)}, which can't be a revision`);
  }
  return { repo, revision };
}

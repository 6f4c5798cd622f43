import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkRepoPath } from './paths.js';

/**
 * One model in the cache folder that Hugging Face's tools share, read only:
 * `models--org--name/refs/<revision>` holds a commit, `snapshots/<commit>/<path>` are the files, mostly links to blobs.
 */
export class HubCache {
  readonly #folder: string;

  constructor(root: string, repo: string) {
    this.#folder = join(root, `models--${repo.replace('/', '--')}`);
  }

  /** The commit that a revision meant when it was last downloaded; null when it never was. */
  commit(revision: string): string | null {
    if (isCommit(revision)) {
      return existsSync(this.snapshot(revision)) ? revision : null;
    }
    const ref = join(this.#folder, 'refs', checkRepoPath(revision));
    const isFile = statSync(ref, { throwIfNoEntry: false })?.isFile();
    const commit = isFile ? readFileSync(ref, 'utf8').trim() : '';
    return isCommit(commit) && existsSync(this.snapshot(commit)) ? commit : null;
  }

  snapshot(commit: string): string {
    return join(this.#folder, 'snapshots', commit);
  }

  /** Real path of a file of that size; null when there is none. */
  file(commit: string, path: string, size: number): string | null {
    const link = join(this.snapshot(commit), checkRepoPath(path));
    const kind = statSync(link, { throwIfNoEntry: false });
    return kind?.isFile() && kind.size === size ? realpathSync(link) : null;
  }
}

export function isCommit(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{40}$/.test(text);
}

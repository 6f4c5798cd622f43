import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { errorCode } from '../repo/local-file.js';
import type { Repo } from '../repo/repo.js';
import { LocalSourceError } from './errors.js';

/** What the names of folders begin with that a server has beside the models on the Hub. */
const PREFIX = 'local:';

export function isLocal(source: string): boolean {
  return source.startsWith(PREFIX);
}

/** Models in folders of one folder of this machine, which a server may be told to convert. */
export class LocalSources {
  /** @param root null where there are none. */
  constructor(readonly root: string | null) {}

  /** The folder that a name stands for, inside the root whatever links there are. @throws LocalSourceError */
  async folder(source: string): Promise<string> {
    if (this.root === null) {
      throw new LocalSourceError('This server converts models on the Hub alone.', 'Name one as org/model.');
    }
    const root = await realpath(this.root);
    const found = await realpath(join(root, source.slice(PREFIX.length))).catch((error: unknown) => {
      throw notThere(source, errorCode(error));
    });
    if (!isInside(found, root)) {
      throw notThere(source, 'it is elsewhere');
    }
    return found;
  }

  /**
   * A text that stands for the files as a commit does: another one once a file is changed.
   * @throws LocalSourceError for one with links that lead out of the root.
   */
  async fingerprint(source: string, repo: Repo): Promise<string> {
    const root = await realpath(this.root ?? '');
    const files = await repo.list();
    for (const { path } of files) {
      const local = repo.local(path);
      if (local !== null && !isInside(await realpath(local), root)) {
        throw notThere(source, `its ${path} is elsewhere`);
      }
    }
    const text = JSON.stringify(files.map(({ path, size, version }) => [path, size, version]));
    return createHash('sha256').update(text).digest('hex').slice(0, 40);
  }
}

function isInside(path: string, root: string): boolean {
  return path.startsWith(`${root}${sep}`);
}

function notThere(source: string, why: string | null): LocalSourceError {
  return new LocalSourceError(
    `There is no ${source}${why === null ? '' : ` (${why})`}.`,
    'Ask whoever runs this server.',
  );
}

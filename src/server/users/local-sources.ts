import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Repo } from '../../repo/repo.js';
import { LocalSourceError } from '../errors.js';

/** What the names of folders begin with that a server has beside the models on the Hub. */
const PREFIX = 'local:';

export function isLocal(source: string): boolean {
  return source.startsWith(PREFIX);
}

/** Models in folders of one folder of this machine, which a server may be told to convert. */
export class LocalSources {
  /** @param root without links; null where there are none. */
  private constructor(readonly root: string | null) {}

  /** @throws LocalSourceError where there is no such folder. */
  static async open(folder: string | undefined): Promise<LocalSources> {
    const root = folder === undefined ? null : await realFolder(folder);
    if (folder !== undefined && root === null) {
      throw new LocalSourceError(`${folder} is no folder.`, 'Give --allow-local one that holds folders of models.');
    }
    return new LocalSources(root);
  }

  /** The folder that a name stands for, inside the root whatever links there are. @throws LocalSourceError */
  async folder(source: string): Promise<string> {
    if (this.root === null) {
      throw new LocalSourceError('This server converts models on the Hub alone.', 'Name one as org/model.');
    }
    const found = await realFolder(join(this.root, source.slice(PREFIX.length)));
    if (found === null || !isInside(found, this.root)) {
      throw new LocalSourceError(`There is no ${source}.`, ASK);
    }
    return found;
  }

  /**
   * A text that stands for the files as a commit does: another one once a file is changed.
   * @throws LocalSourceError for a folder with links that lead out of the root.
   */
  async fingerprint(source: string, repo: Repo): Promise<string> {
    const files = await repo.list();
    for (const { path } of files) {
      const local = repo.local(path);
      if (local !== null && !isInside(await realpath(local), this.root ?? '')) {
        throw new LocalSourceError(`${path} of ${source} is a link that leads elsewhere.`, ASK);
      }
    }
    const text = JSON.stringify(files.map(({ path, size, version }) => [path, size, version]));
    return createHash('sha256').update(text).digest('hex').slice(0, 40);
  }

  /** A text for users: where the folders are on this machine is nobody's business. */
  named(text: string): string {
    return this.root === null ? text : text.replaceAll(`${this.root}${sep}`, PREFIX);
  }
}

const ASK = 'Ask whoever runs this server.';

async function realFolder(path: string): Promise<string | null> {
  const found = await realpath(path).catch(() => null);
  return found !== null && (await stat(found)).isDirectory() ? found : null;
}

function isInside(path: string, root: string): boolean {
  return path.startsWith(`${root}${sep}`);
}

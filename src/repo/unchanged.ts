import { SourceError } from '../errors.js';
import { statOrNull, versionOf } from './local-file.js';
import type { Repo } from './repo.js';

/** Another program changed, replaced or removed a file of the source while it was read. */
export class ChangedSourceError extends SourceError {
  constructor(path: string) {
    super(`${path} changed while it was read.`, 'Wait until nothing writes to it, then run the same command again.');
  }
}

/**
 * Checks that local files are those that they were when the source was opened: the same file, size and time.
 * @param paths of the repository; those that are not local are left out.
 * @throws ChangedSourceError, UnreadableError
 */
export async function checkUnchanged(repo: Repo, paths: Iterable<string>): Promise<void> {
  const versions = new Map((await repo.list()).map(({ path, version }) => [path, version]));
  for (const path of paths) {
    const [local, version] = [repo.local(path), versions.get(path)];
    if (local !== null && version !== undefined) {
      const stats = await statOrNull(local, path);
      if (!stats || versionOf(stats) !== version) {
        throw new ChangedSourceError(path);
      }
    }
  }
}

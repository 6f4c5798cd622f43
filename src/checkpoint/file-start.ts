import { SourceError } from '../errors.js';
import type { Repo, RepoFile } from '../repo/repo.js';

/** The file is a Git LFS pointer in place of the weights. */
export class LfsPointerError extends SourceError {}

/** The start of a Git LFS pointer file. A clone without `git lfs pull` has such files instead of the weights. */
const LFS_POINTER = 'version https://git-lfs.github.com/spec/';

/** The first bytes of a file of weights, at most `length`. @throws LfsPointerError */
export async function readStart(repo: Repo, file: RepoFile, length: number, signal?: AbortSignal): Promise<Buffer> {
  const wanted = Math.max(length, LFS_POINTER.length);
  const start = Buffer.from(await repo.read(file.path, 0, Math.min(file.size, wanted), signal));
  if (start.toString('latin1', 0, LFS_POINTER.length) === LFS_POINTER) {
    throw new LfsPointerError(
      `${file.path} is a Git LFS pointer, not the weights themselves.`,
      'Run "git lfs pull" in the repository\'s folder.',
    );
  }
  return start.subarray(0, length);
}

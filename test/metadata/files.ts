import { SmallFiles } from '#src/repo/small-files.js';
import { memoryRepo } from '../memory-repo.js';

/** The files of a repository, given as path → contents. */
export function filesOf(contents: Readonly<Record<string, string>>): SmallFiles {
  return new SmallFiles(memoryRepo(contents));
}

import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { MissingFileError, SnapshotError } from './errors.js';
import type { FolderIdentity } from './folder.js';
import { HubCache, isCommit } from './hub-cache.js';
import { statOrNull } from './local-file.js';

/** A model in the Hub's cache: the folder that holds its files, and what it is called. */
export interface Snapshot {
  readonly path: string;
  readonly identity: FolderIdentity;
}

/**
 * The model that a folder `models--org--name` of the Hub's cache stands for: the commit of `main` at the last download,
 * or the only revision that the folder has.
 * @returns null for any other folder.
 * @throws SnapshotError
 */
export async function snapshotOf(path: string): Promise<Snapshot | null> {
  const root = resolve(path);
  const repo = /^models--(.+)$/.exec(basename(root))?.[1]?.replace('--', '/');
  const snapshots = join(root, 'snapshots');
  if (repo === undefined || !(await statOrNull(snapshots, snapshots))?.isDirectory()) {
    return null;
  }
  const commits = (await readdir(snapshots)).filter(isCommit).sort();
  const commit = new HubCache(dirname(root), repo).commit('main') ?? (commits.length === 1 ? commits[0] : undefined);
  if (commit === undefined) {
    throw new SnapshotError(path, commits);
  }
  const name = repo.slice(repo.indexOf('/') + 1);
  const missing = (file: string) => new MissingFileError(file, path);
  return { path: join(snapshots, commit), identity: { id: path, name, revision: commit, missing } };
}

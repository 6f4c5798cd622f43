import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { MAX_REPO_FILES } from '../limits.js';
import { descriptorLimit } from '../system-limits.js';
import {
  FolderNotFoundError,
  MissingFileError,
  NoHashError,
  NotAFolderError,
  TooManyFilesError,
  UnreadableError,
} from './errors.js';
import { knownHash } from './known-hash.js';
import { errorCode, readLocalInto, statOrNull, streamLocal, versionOf } from './local-file.js';
import { byCodePoint, checkRepoPath } from './paths.js';
import type { Repo, RepoFile } from './repo.js';
import { hashName, ReadNotes, verified } from './verify.js';

export interface FolderIdentity {
  readonly id: string;
  readonly name: string;
  readonly revision: string | null;
  /** The error for a file that isn't there. */
  readonly missing: (path: string) => Error;
}

/**
 * A folder as a repository. Symbolic links to files count as files (a cache's snapshot consists of them); links to
 * folders, and folders whose name starts with a dot, are left out.
 * @param identity what it is called; by default after the folder.
 * @param verify whether files are compared with the hashes that the folder holds.
 * @throws FolderNotFoundError, NotAFolderError, UnreadableError, TooManyFilesError, NoHashError
 */
export async function openFolder(path: string, identity?: FolderIdentity, verify = false): Promise<Repo> {
  const root = resolve(path);
  const kind = await statOrNull(root, path);
  if (!kind) {
    throw new FolderNotFoundError(path);
  }
  if (!kind.isDirectory()) {
    throw new NotAFolderError(path);
  }
  const files = await listFolder(root, path);
  return new FolderRepo(root, await withHashes(root, path, files, verify), identity ?? folderIdentity(root, path));
}

/**
 * Some files of a folder as a repository, without a look at the others. Those that don't exist are not in its list.
 * @throws UnreadableError, NoHashError
 */
export async function openFolderFiles(path: string, names: readonly string[], verify = false): Promise<Repo> {
  const root = resolve(path);
  const found = await Promise.all(
    names.map(async (name): Promise<RepoFile[]> => {
      const kind = await statOrNull(join(root, name), join(path, name));
      return kind?.isFile() ? [{ path: name, size: Number(kind.size), version: versionOf(kind) }] : [];
    }),
  );
  return new FolderRepo(root, await withHashes(root, path, found.flat(), verify), folderIdentity(root, path));
}

/** @throws NoHashError where none is known */
async function withHashes(
  root: string,
  shown: string,
  files: readonly RepoFile[],
  verify: boolean,
): Promise<readonly RepoFile[]> {
  if (!verify) {
    return files;
  }
  const hashed = await Promise.all(files.map(async (file) => ({ ...file, ...(await knownHash(root, file.path)) })));
  if (!hashed.some(hashName)) {
    throw new NoHashError(shown);
  }
  return hashed;
}

function folderIdentity(root: string, path: string): FolderIdentity {
  return { id: path, name: basename(root), revision: null, missing: (file) => new MissingFileError(file, path) };
}

class FolderRepo implements Repo {
  readonly id: string;
  readonly name: string;
  readonly revision: string | null;
  readonly #missing: (path: string) => Error;
  readonly #root: string;
  readonly streamed = new Set<string>();
  readonly #files: ReadonlyMap<string, RepoFile>;
  readonly #notes = new ReadNotes();

  constructor(root: string, files: readonly RepoFile[], identity: FolderIdentity) {
    this.id = identity.id;
    this.name = identity.name;
    this.revision = identity.revision;
    this.#missing = identity.missing;
    this.#root = root;
    this.#files = new Map(files.map((file) => [file.path, file]));
  }

  async list(): Promise<readonly RepoFile[]> {
    return [...this.#files.values()];
  }

  read(path: string, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#notes.read(this, path, offset, length, signal);
  }

  async readInto(path: string, offset: number, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    await readLocalInto(this.local(path), this.#shown(path), offset, target, signal);
  }

  async *stream(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const file = this.file(path);
    this.streamed.add(path);
    yield* verified(file, streamLocal(this.local(path), this.#shown(path), file.size, signal));
  }

  local(path: string): string {
    return join(this.#root, this.file(path).path);
  }

  /** Hashes are known only where they are to be compared. */
  isChecked(path: string): boolean {
    return hashName(this.file(path)) !== null;
  }

  notes(path: string) {
    return this.#notes.of(path);
  }

  file(path: string): RepoFile {
    const file = this.#files.get(checkRepoPath(path));
    if (!file) {
      throw this.#missing(path);
    }
    return file;
  }

  #shown(path: string): string {
    return join(this.id, path);
  }
}

async function listFolder(root: string, shown: string): Promise<RepoFile[]> {
  const files: RepoFile[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readEntries(join(root, folder), join(shown, folder))) {
      const path = folder ? `${folder}/${entry.name}` : entry.name;
      if (entry.isDirectory()) {
        if (!entry.name.startsWith('.')) {
          folders.push(path);
        }
        continue;
      }
      // A link that leads nowhere is no file: a cache's blob may have been deleted.
      const kind = await statOrNull(join(root, path), join(shown, path));
      if (kind?.isFile()) {
        files.push({ path, size: Number(kind.size), version: versionOf(kind) });
      }
      if (files.length + folders.length > MAX_REPO_FILES) {
        throw new TooManyFilesError(shown, MAX_REPO_FILES);
      }
    }
  }
  return files.sort(byCodePoint);
}

async function readEntries(path: string, shown: string) {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    throw descriptorLimit(error) ?? new UnreadableError(shown, errorCode(error) ?? 'unknown');
  }
}

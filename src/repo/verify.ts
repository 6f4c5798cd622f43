import { createHash } from 'node:crypto';
import { ShortFileError, WrongHashError } from './errors.js';
import { checkLength } from './local-file.js';
import type { ReadNote, Repo, RepoFile } from './repo.js';

/** A hash that is being computed, in this thread or another. */
export interface RunningHash {
  update(bytes: Uint8Array): void | Promise<void>;
  /** In hex; nothing can be added afterwards. */
  digest(): string | Promise<string>;
}

export type BeginHash = (algorithm: HashName) => RunningHash;

/** In this thread. */
export const beginHash: BeginHash = (algorithm) => {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    digest: () => hash.digest('hex'),
  };
};

/** The hash of a file's contents, while they pass by, to be compared with the one that the host lists. */
export class ContentHash {
  readonly #algorithm: HashName;
  readonly #expected: string;
  readonly #hash: RunningHash;
  #prefix: Uint8Array | undefined;

  /** @param file one whose hash is known. */
  constructor(
    readonly file: RepoFile,
    begin: BeginHash = beginHash,
  ) {
    const { sha256, gitSha1 = '', size } = file;
    this.#algorithm = hashName(file) ?? 'sha1';
    this.#expected = sha256 ?? gitSha1;
    this.#hash = begin(this.#algorithm);
    this.#prefix = sha256 === undefined ? blobPrefix(size) : undefined;
  }

  async update(bytes: Uint8Array): Promise<void> {
    await this.#begin();
    await this.#hash.update(bytes);
  }

  /** @throws WrongHashError */
  async check(): Promise<void> {
    await this.#begin();
    const found = await this.#hash.digest();
    if (found !== this.#expected) {
      throw new WrongHashError(this.file.path, this.#algorithm, this.#expected, found);
    }
  }

  async #begin(): Promise<void> {
    const prefix = this.#prefix;
    this.#prefix = undefined;
    if (prefix) {
      await this.#hash.update(prefix);
    }
  }
}

/** sha256 of the contents, or sha1 of git's blob. */
export type HashName = 'sha256' | 'sha1';

/** The hash that is known of a file; null for none. */
export function hashName({ sha256, gitSha1 }: RepoFile): HashName | null {
  return sha256 === undefined ? (gitSha1 === undefined ? null : 'sha1') : 'sha256';
}

/**
 * Passes a whole file through, and compares its length, and its hash if that is known, at the end.
 * @throws ShortFileError, WrongHashError
 */
export async function* verified(file: RepoFile, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const hash = hashName(file) && new ContentHash(file);
  let bytes = 0;
  for await (const piece of pieces) {
    await hash?.update(piece);
    bytes += piece.length;
    yield piece;
  }
  if (bytes !== file.size) {
    throw new ShortFileError(file.path, bytes, file.size);
  }
  await hash?.check();
}

/** What a repository has read while a conversion was planned: headers. Filling compares its own reads with it. */
export class ReadNotes {
  readonly #notes = new Map<string, ReadNote[]>();

  /** `Repo.read` of a repository that notes what it reads. @throws ShortFileError, and as `Repo.readInto` */
  async read(repo: Repo, path: string, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    checkLength(repo.file(path), offset + length);
    const target = new Uint8Array(length);
    await repo.readInto(path, offset, target, signal);
    if (repo.isChecked(path)) {
      this.add(path, offset, target);
    }
    return target;
  }

  add(path: string, offset: number, bytes: Uint8Array): void {
    const notes = this.#notes.get(path) ?? [];
    this.#notes.set(path, notes);
    notes.push({ offset, length: bytes.length, sha256: sha256(bytes) });
  }

  of(path: string): readonly ReadNote[] {
    return this.#notes.get(path) ?? [];
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** As git names a file with these contents. */
export function gitSha1(bytes: Uint8Array): string {
  return createHash('sha1').update(blobPrefix(bytes.length)).update(bytes).digest('hex');
}

/** What git puts before the contents of a file. @param size bytes. */
function blobPrefix(size: number): Uint8Array {
  return Buffer.from(`blob ${size}\0`);
}

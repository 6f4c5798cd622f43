import { createHash, type Hash } from 'node:crypto';
import { ShortFileError, WrongHashError } from './errors.js';
import type { ReadNote, RepoFile } from './repo.js';

/** The hash of a file's contents, while they pass by, to be compared with the one that the host lists. */
export class ContentHash {
  readonly #algorithm: HashName;
  readonly #expected: string;
  readonly #hash: Hash;

  /** @param file one whose hash is known. */
  constructor(readonly file: RepoFile) {
    const { sha256, gitSha1 = '' } = file;
    this.#algorithm = hashName(file) ?? 'sha1';
    this.#expected = sha256 ?? gitSha1;
    this.#hash = createHash(this.#algorithm);
    if (sha256 === undefined) {
      this.#hash.update(`blob ${file.size}\0`);
    }
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** @throws WrongHashError */
  check(): void {
    const found = this.#hash.digest('hex');
    if (found !== this.#expected) {
      throw new WrongHashError(this.file.path, this.#algorithm, this.#expected, found);
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
    hash?.update(piece);
    bytes += piece.length;
    yield piece;
  }
  if (bytes !== file.size) {
    throw new ShortFileError(file.path, bytes, file.size);
  }
  hash?.check();
}

/** What a repository has read while a conversion was planned: headers. Filling compares its own reads with it. */
export class ReadNotes {
  readonly #notes = new Map<string, ReadNote[]>();

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

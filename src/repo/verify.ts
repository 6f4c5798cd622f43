import { createHash } from 'node:crypto';
import { ShortFileError, WrongHashError } from './errors.js';
import type { RepoFile } from './repo.js';

/** The hashes that the Hub lists for a file: git's object id for files in git itself, the sha256 for files in LFS. */
export interface HubFile extends RepoFile {
  /** SHA-1 of `blob <size>\0` and the contents (git-hash-object), in hex. */
  readonly gitSha1?: string;
}

/**
 * Passes a whole file through, and compares its length and hash at the end.
 * @throws ShortFileError, WrongHashError
 */
export async function* verified(file: HubFile, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const algorithm = file.sha256 ? 'sha256' : 'sha1';
  const expected = file.sha256 ?? file.gitSha1;
  const hash = createHash(algorithm);
  if (!file.sha256) {
    hash.update(`blob ${file.size}\0`);
  }
  let bytes = 0;
  for await (const piece of pieces) {
    if (expected) {
      hash.update(piece);
    }
    bytes += piece.length;
    yield piece;
  }
  if (bytes !== file.size) {
    throw new ShortFileError(file.path, bytes, file.size);
  }
  const found = hash.digest('hex');
  if (expected && found !== expected) {
    throw new WrongHashError(file.path, algorithm, expected, found);
  }
}

import { createHash, type Hash } from 'node:crypto';

/** A step of one of the hashes that a thread computes. */
export interface HashJob {
  /** Which hash it is; the first step of a number begins one. */
  readonly id: number;
  readonly algorithm: 'sha256' | 'sha1';
  /** The next bytes; in shared memory they need no copy. Without bytes the hash is finished. */
  readonly bytes?: Uint8Array;
}

const hashes = new Map<number, Hash>();

/** The worker's entry. @returns the hash in hex once it is finished, else an empty text */
export function hashStep({ id, algorithm, bytes }: HashJob): string {
  const hash = hashes.get(id) ?? createHash(algorithm);
  if (bytes) {
    hashes.set(id, hash.update(bytes));
    return '';
  }
  hashes.delete(id);
  return hash.digest('hex');
}

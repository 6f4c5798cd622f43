import { UnsafePathError } from './errors.js';

/**
 * A path inside a repository, as a host or an index file names it.
 * @throws UnsafePathError when it could mean a place outside.
 */
export function checkRepoPath(path: string): string {
  const parts = path.split('/');
  const unsafe =
    parts.some((part) => part === '' || part === '.' || part === '..') || /[\\\0\p{Surrogate}]|^[A-Za-z]:/u.test(path);
  if (unsafe) {
    throw new UnsafePathError(path);
  }
  return path;
}

/** Code point order, which is the order of UTF-8 bytes but not of UTF-16 strings. */
export function byCodePoint(a: { readonly path: string }, b: { readonly path: string }): number {
  return Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
}

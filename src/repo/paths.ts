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

/** Files in the order of `compareCodePoints`. */
export function byCodePoint(a: { readonly path: string }, b: { readonly path: string }): number {
  return compareCodePoints(a.path, b.path);
}

/** Code point order, which is the order of UTF-8 bytes but not of UTF-16 strings. It makes no copies of the texts. */
export function compareCodePoints(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) {
      return place(x) - place(y);
    }
  }
  return a.length - b.length;
}

/** Surrogates stand for code points behind all others. */
function place(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

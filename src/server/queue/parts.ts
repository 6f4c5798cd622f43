import type { JobPart } from '../api.js';

interface Sized {
  readonly name: string;
  readonly size: number;
}

/** More files than this are shared in as many groups: each worker plans anew. */
const MOST_PARTS = 64;

/** What workers share of an order's files: each a file, where there are not too many; nothing of a single one. */
export function partsOf(files: readonly Sized[]): JobPart[] {
  const each = Math.ceil(files.length / MOST_PARTS);
  const groups = Array.from({ length: files.length > 1 ? Math.ceil(files.length / each) : 0 }, (_, i) => {
    return files.slice(i * each, (i + 1) * each);
  });
  return groups.map((group) => ({ files: group.map(({ name }) => name), size: sizeOf(group) }));
}

/** Bytes of files together. */
export function sizeOf(files: readonly Sized[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

import type { PlannedSource } from '../layout/plan.js';
import type { Repo, RepoFile } from '../repo/repo.js';
import { hashName } from '../repo/verify.js';
import type { Segment } from '../tensor/operator.js';
import { sourcesOf } from '../tensor/rows.js';
import { bytesOfSegments, type WantedTensor } from './wanted.js';

/** Bytes [from, to) of a file. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What is read of a file of weights, and whether it is enough to compare the whole file with its hash. */
export interface SourceUse {
  readonly file: RepoFile;
  /** Bytes that tensors are made of, and those of the header where the file is to be checked. */
  readonly read: number;
  /** What neither the plan nor a tensor reads, sorted. */
  readonly unread: readonly Range[];
  /** `whole`: its hash is compared; `part`: too little is read for that; `none`: no hash is known, or nobody asks for it. */
  readonly check: 'whole' | 'part' | 'none';
}

/** A file is read to its end for its hash where no more than this share of it is missing. */
const MAX_UNREAD_SHARE = 1 / 16;

/** The files that tensors are read from, in the order of their paths. */
export function sourceUses(tensors: readonly WantedTensor[], repo: Repo): SourceUse[] {
  const files = new Map<string, { bytes: number; ranges: Range[] }>();
  for (const { expr, segments } of tensors) {
    // Of a file that an earlier run has read to its end, no segment is left.
    for (const { file } of sourcesOf(expr)) {
      files.set(file, files.get(file) ?? { bytes: 0, ranges: [] });
    }
    for (const segment of segments) {
      const use = files.get(segment.file) ?? { bytes: 0, ranges: [] };
      files.set(segment.file, use);
      use.bytes += bytesOfSegments([segment]);
      for (const range of rangesOf(segment)) {
        use.ranges.push(range);
      }
    }
  }
  return [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, { bytes, ranges }]) => {
      const file = repo.file(path);
      const isChecked = repo.isChecked(path);
      const known = repo.notes(path).map(({ offset, length }) => ({ from: offset, to: offset + length }));
      const unread = gaps([...known, ...ranges], file.size);
      const isWhole = unread.reduce((sum, { from, to }) => sum + to - from, 0) <= file.size * MAX_UNREAD_SHARE;
      const read = Math.min(file.size, bytes + known.reduce((sum, { from, to }) => sum + to - from, 0));
      return { file, read, unread: gaps(ranges, file.size), check: isChecked ? (isWhole ? 'whole' : 'part') : 'none' };
    });
}

/** More runs than this count as one, with the gaps between them. */
const MAX_RUNS = 65_536;

function rangesOf({ offset, length, count, stride }: Segment): Range[] {
  if (stride === length || count > MAX_RUNS) {
    return [{ from: offset, to: offset + (count - 1) * stride + length }];
  }
  return Array.from({ length: count }, (_, i) => ({ from: offset + i * stride, to: offset + i * stride + length }));
}

/** What no range has of a file of that size. */
function gaps(ranges: readonly Range[], size: number): Range[] {
  const found: Range[] = [];
  let at = 0;
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    if (from > at) {
      found.push({ from: at, to: from });
    }
    at = Math.max(at, to);
  }
  return at < size ? [...found, { from: at, to: size }] : found;
}

/** Small files that were read whole, then the files of weights. */
export function plannedSources(tensors: readonly WantedTensor[], repo: Repo): PlannedSource[] {
  const small = [...repo.streamed].sort().map((path): PlannedSource => {
    const file = repo.file(path);
    return { path, size: file.size, read: file.size, check: hashName(file) ?? 'none' };
  });
  const weights = sourceUses(tensors, repo).map(({ file, read, check }): PlannedSource => {
    return { path: file.path, size: file.size, read, check: check === 'whole' ? (hashName(file) ?? 'none') : check };
  });
  return [...small, ...weights];
}

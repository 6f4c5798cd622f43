import type { Fetched, Segment } from '../tensor/operator.js';

/**
 * Runs of a source file, and the byte of the task's memory from which on they are placed, one right after the other.
 */
export interface Read extends Segment {
  readonly at: number;
}

/** The reads of a task, and how many bytes they fill. */
export interface PlannedReads {
  readonly reads: readonly Read[];
  readonly size: number;
}

/** A gap of at most so many bytes is read along, because another request costs more. */
const MAX_GAP = { local: 2 ** 12, remote: 2 ** 16 };

/**
 * The reads that fetch some segments. Segments near each other become one read. The runs of a segment stay separate
 * where the gaps between them are too large, and in a local file also where the gaps are longer than the runs.
 */
export function planReads(segments: readonly Segment[], isLocal: boolean): PlannedReads {
  const maxGap = isLocal ? MAX_GAP.local : MAX_GAP.remote;
  const whole: { file: string; offset: number; end: number }[] = [];
  const apart = new Map<string, Segment>();
  for (const segment of [...segments].sort(compareSegments)) {
    const { file, offset, length, count, stride } = segment;
    const gap = count === 1 ? 0 : stride - length;
    if (gap > maxGap || (isLocal && gap > length)) {
      apart.set(keyOf(segment), segment);
      continue;
    }
    const end = offset + (count - 1) * stride + length;
    const last = whole.at(-1);
    if (last && last.file === file && offset - last.end <= maxGap) {
      last.end = Math.max(last.end, end);
    } else {
      whole.push({ file, offset, end });
    }
  }
  let size = 0;
  const place = (segment: Segment): Read => {
    const read = { ...segment, at: size };
    size += segment.count * segment.length;
    return read;
  };
  const reads = [
    ...whole.map(({ file, offset, end }) =>
      place({ file, offset, length: end - offset, count: 1, stride: end - offset }),
    ),
    ...[...apart.values()].map(place),
  ];
  return { reads, size };
}

/** Orders segments by file, then by offset. */
export function compareSegments(a: Pick<Segment, 'file' | 'offset'>, b: Pick<Segment, 'file' | 'offset'>): number {
  return a.file === b.file ? a.offset - b.offset : a.file < b.file ? -1 : 1;
}

function keyOf({ file, offset, length, count, stride }: Segment): string {
  return `${offset} ${length} ${count} ${stride} ${file}`;
}

/** Finds segments in the bytes of the reads that `planReads` made for them, or for larger ones that they are part of. */
export class ReadBytes {
  readonly #whole: readonly Read[];
  readonly #apart: readonly Read[];

  /** @param bytes the task's memory, into which the reads went. */
  constructor(
    readonly bytes: Uint8Array,
    reads: readonly Read[],
  ) {
    this.#whole = reads.filter(({ count }) => count === 1);
    this.#apart = reads.filter(({ count }) => count > 1);
  }

  has(segment: Segment): boolean {
    return this.#find(segment) !== undefined;
  }

  /** The bytes of a segment. @throws Error where no read has them */
  fetch(segment: Segment): Fetched {
    const found = this.#find(segment);
    if (!found) {
      const { file, offset, length, count, stride } = segment;
      throw new Error(`${(count - 1) * stride + length} bytes of ${file} at ${offset} were not read.`);
    }
    const { at, stride } = found;
    return { bytes: this.bytes.subarray(at, at + (segment.count - 1) * stride + segment.length), stride };
  }

  #find(segment: Segment): { at: number; stride: number } | undefined {
    const { file, offset, length, count, stride } = segment;
    const read = this.#whole[this.#lastNotBehind(segment)];
    const end = offset + (count - 1) * stride + length;
    if (read && read.file === file && read.offset <= offset && end <= read.offset + read.length) {
      return { at: read.at + offset - read.offset, stride };
    }
    for (const runs of this.#apart) {
      const run = Math.floor((offset - runs.offset) / runs.stride);
      const start = offset - runs.offset - run * runs.stride;
      const isSpaced = count === 1 || stride === runs.stride;
      if (runs.file === file && isSpaced && run >= 0 && run + count <= runs.count && start + length <= runs.length) {
        return { at: runs.at + run * runs.length + start, stride: runs.length };
      }
    }
    return undefined;
  }

  /**
   * The index of the last read that does not begin behind a segment. Reads are sorted and do not overlap, so no other
   * can hold the segment.
   */
  #lastNotBehind(segment: Segment): number {
    let [low, high] = [0, this.#whole.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      [low, high] = compareSegments(this.#whole[middle] as Read, segment) <= 0 ? [middle, high] : [low, middle];
    }
    return low;
  }
}

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

/** Finds segments in the bytes of the reads that `planReads` made for them. */
export class ReadBytes {
  readonly #whole: readonly Read[];
  readonly #apart: ReadonlyMap<string, Read>;

  /** @param bytes the task's memory, into which the reads went. */
  constructor(
    readonly bytes: Uint8Array,
    reads: readonly Read[],
  ) {
    this.#whole = reads.filter(({ count }) => count === 1);
    this.#apart = new Map(reads.filter(({ count }) => count > 1).map((read) => [keyOf(read), read]));
  }

  /** The bytes of a segment. @throws Error where no read has them */
  fetch(segment: Segment): Fetched {
    const apart = segment.count > 1 ? this.#apart.get(keyOf(segment)) : undefined;
    if (apart) {
      const { at, count, length } = apart;
      return { bytes: this.bytes.subarray(at, at + count * length), stride: length };
    }
    const { file, offset, stride } = segment;
    const length = (segment.count - 1) * stride + segment.length;
    const read = this.#whole[this.#lastNotBehind(segment)];
    if (!read || read.file !== file || read.offset > offset || offset + length > read.offset + read.length) {
      throw new Error(`${length} bytes of ${file} at ${offset} were not read.`);
    }
    const at = read.at + offset - read.offset;
    return { bytes: this.bytes.subarray(at, at + length), stride };
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

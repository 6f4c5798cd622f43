import { floatBytes } from '../quantize/floats.js';
import type { TensorExpr } from '../tensor/expr.js';
import { dtypeOf, memoryOf, narrow, segments } from '../tensor/rows.js';
import { type PlannedReads, ReadBytes } from './reads.js';
import { bytesOfSegments, type Destination } from './wanted.js';

/**
 * Strips: the rows of a piece that a worker evaluates, converts and writes together. The source bytes of all strips are
 * read at once, in runs as long as possible. What is made of them takes no more memory than one strip does, and stays in
 * a core's cache on its way into the files.
 */

/** Rows of a tensor, and all places that they go to. It is plain data. */
export interface Rows {
  /** The expression, narrowed to these rows. */
  readonly expr: TensorExpr;
  /** Rows [from, to) of the tensor. */
  readonly from: number;
  readonly to: number;
  readonly columns: number;
  readonly destinations: readonly Destination[];
}

export interface Strips {
  /** Rows of each strip but the last. */
  readonly step: number;
  /** Bytes that evaluating and writing a strip take, beside the source bytes. */
  readonly work: number;
}

/** Bytes that evaluating and writing a strip take, about. Strips of half a MiB take more time to narrow than to compute. */
const STRIP_BYTES = 2 ** 21;
/**
 * Rows of strips that begin where their sources do: as many as the blocks have in which the kernel transposes a matrix, or as
 * many as share words of packed codes.
 */
const WHOLE_ROWS = [64, 8];
/** The bytes that strips read again, as a scale that belongs to several rows, are at most this part of what they write. */
const MOST_READ_AGAIN = 1 / 8;

/** One strip of all rows. @param keepsOutputs whether the bytes made for all destinations stay in memory together. */
export function oneStrip({ expr, from, to, columns, destinations }: Rows, keepsOutputs = false): Strips {
  const floats = floatBytes(dtypeOf(expr), (to - from) * columns);
  const written = destinations.map(({ write, rowBytes }) =>
    write.kind === 'copy' ? 0 : (to - from) * rowBytes + floats,
  );
  const outputs = keepsOutputs ? written.reduce((sum, bytes) => sum + bytes, 0) : Math.max(0, ...written);
  return { step: to - from, work: memoryOf(expr) + outputs };
}

/**
 * The strips of a piece's rows: one if it takes little, or if several would have to evaluate the same.
 * @param reads those of the piece.
 * @param grain that of the tensor.
 */
export function stripsOf(rows: Rows, { reads }: PlannedReads, grain: number): Strips {
  const all = oneStrip(rows);
  const most = Math.floor((all.step * STRIP_BYTES) / Math.max(1, all.work));
  if (most >= all.step) {
    return all;
  }
  const unit = [grain, ...WHOLE_ROWS].find((group) => group <= 2 * most) ?? 1;
  const step = unit * Math.max(1, Math.floor(most / unit));
  const bytes = new ReadBytes(new Uint8Array(0), reads);
  let [work, read] = [0, 0];
  for (const strip of cutStrips(rows, step)) {
    const own = segments(strip.expr);
    if (!own.every((segment) => bytes.has(segment))) {
      return all;
    }
    work = Math.max(work, oneStrip(strip).work);
    read += bytesOfSegments(own);
  }
  const readAgain = read - bytesOfSegments(segments(rows.expr));
  return readAgain <= MOST_READ_AGAIN * all.work ? { step, work } : all;
}

/** Cuts rows into strips of so many. */
export function* cutStrips(rows: Rows, step: number): Generator<Rows, void, undefined> {
  const count = rows.to - rows.from;
  if (step >= count) {
    yield rows;
    return;
  }
  for (let row = 0; row < count; row += step) {
    const end = Math.min(row + step, count);
    yield {
      expr: narrow(rows.expr, row, end),
      from: rows.from + row,
      to: rows.from + end,
      columns: rows.columns,
      destinations: rows.destinations.map((own) => ({ ...own, position: own.position + row * own.rowBytes })),
    };
  }
}

import { align } from '../gguf/writer.js';
import { writeWeights } from '../layout/plan.js';
import type { Segment } from '../tensor/operator.js';
import { narrow, segments } from '../tensor/rows.js';
import { planReads } from './reads.js';
import { oneStrip, type Rows, stripsOf } from './strips.js';
import { bytesOfSegments, type Destination, type WantedTensor } from './wanted.js';

/** Rows of a tensor whose source bytes a worker gets together. It is plain data. */
export interface Piece extends Rows {
  /** Rows that are evaluated and written together. */
  readonly step: number;
}

/** A piece, and the memory that it takes. */
export interface MeasuredPiece extends Piece {
  readonly isLocal: boolean;
  readonly segments: readonly Segment[];
  /** Source bytes: those of its segments. */
  readonly bytes: number;
  /** Bytes that evaluating and writing each of its strips take, beside its source bytes. */
  readonly work: number;
  /** Bytes that a task with this piece alone takes. */
  readonly memory: number;
  /** Source bytes that progress counts for it. Those of a tensor's pieces add up to the tensor's. */
  readonly progress: number;
}

/** Memory is given out in multiples of so many bytes. */
export const MEMORY_UNIT = 64;

/**
 * Makes and measures the piece of rows [from, to).
 * @param keepsOutputs whether the bytes made for all destinations stay in memory until the task ends.
 */
export function measurePiece(tensor: WantedTensor, from: number, to: number, keepsOutputs = false): MeasuredPiece {
  const { columns, matrixRows, isLocal, rows } = tensor;
  const expr = narrow(tensor.expr, from, to);
  const matrix = Math.floor(from / matrixRows);
  const destinations = tensor.destinations.map((destination): Destination => {
    const position = destination.position + from * destination.rowBytes;
    // Sending an array to a thread copies the whole buffer under it. A copy of the slice has a buffer of its own.
    const weights = writeWeights(destination.write)?.slice(matrix * columns, (matrix + 1) * columns);
    return { ...destination, position, write: { ...destination.write, ...(weights && { weights }) } };
  });
  const own = segments(expr);
  const reads = planReads(own, isLocal);
  const all: Rows = { expr, from, to, columns, destinations };
  const strips = keepsOutputs ? oneStrip(all, keepsOutputs) : stripsOf(all, reads, tensor.grain);
  return {
    ...{ ...all, ...strips, isLocal, segments: own },
    bytes: bytesOfSegments(own),
    memory: align(reads.size + strips.work, MEMORY_UNIT),
    progress: Math.floor((tensor.bytes * to) / rows) - Math.floor((tensor.bytes * from) / rows),
  };
}

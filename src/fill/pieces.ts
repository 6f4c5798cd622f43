import { align } from '../gguf/writer.js';
import { writeWeights } from '../layout/plan.js';
import { floatBytes } from '../quantize/floats.js';
import type { TensorExpr } from '../tensor/expr.js';
import type { Segment } from '../tensor/operator.js';
import { dtypeOf, memoryOf, narrow, segments } from '../tensor/rows.js';
import { planReads } from './reads.js';
import { bytesOfSegments, type Destination, type WantedTensor } from './wanted.js';

/** Rows of a tensor that are evaluated together, and every place where they go: plain data, for a worker. */
export interface Piece {
  /** These rows alone. */
  readonly expr: TensorExpr;
  /** Rows [from, to) of the tensor. */
  readonly from: number;
  readonly to: number;
  readonly columns: number;
  readonly destinations: readonly Destination[];
}

/** A piece, and what it takes. */
export interface MeasuredPiece extends Piece {
  readonly isLocal: boolean;
  readonly segments: readonly Segment[];
  /** Bytes of its segments. */
  readonly bytes: number;
  /** Bytes that it takes beside its source's: to evaluate it, and to write it. */
  readonly work: number;
  /** Bytes that a task of it alone takes. */
  readonly memory: number;
  /** Its part of the tensor's source bytes, as progress is counted. */
  readonly progress: number;
}

/** Memory is handed out in multiples of so many bytes. */
export const MEMORY_UNIT = 64;

/**
 * Rows [from, to) of a tensor.
 * @param keepsOutputs whether what is made for all destinations stays in memory until the task ends.
 */
export function measurePiece(tensor: WantedTensor, from: number, to: number, keepsOutputs = false): MeasuredPiece {
  const { columns, matrixRows, isLocal, rows } = tensor;
  const expr = narrow(tensor.expr, from, to);
  const matrix = Math.floor(from / matrixRows);
  const destinations = tensor.destinations.map((destination): Destination => {
    const position = destination.position + from * destination.rowBytes;
    // What is sent to a thread takes the whole memory under an array with it: a copy has but its own.
    const weights = writeWeights(destination.write)?.slice(matrix * columns, (matrix + 1) * columns);
    return { ...destination, position, write: { ...destination.write, ...(weights && { weights }) } };
  });
  const dtype = dtypeOf(expr);
  const written = destinations.map(({ write, rowBytes }) =>
    write.kind === 'copy' ? 0 : (to - from) * rowBytes + floatBytes(dtype, (to - from) * columns),
  );
  const outputs = keepsOutputs ? sum(written) : Math.max(0, ...written);
  const work = memoryOf(expr) + outputs;
  const own = segments(expr);
  return {
    ...{ expr, from, to, columns, destinations, isLocal, segments: own, work },
    bytes: bytesOfSegments(own),
    memory: align(planReads(own, isLocal).size + work, MEMORY_UNIT),
    progress: Math.floor((tensor.bytes * to) / rows) - Math.floor((tensor.bytes * from) / rows),
  };
}

/** Where the matrix ends that a row is in: no piece has rows of two. */
export function matrixEnd({ rows, matrixRows }: WantedTensor, row: number): number {
  return Math.min(rows, (Math.floor(row / matrixRows) + 1) * matrixRows);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

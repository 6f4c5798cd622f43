import { align } from '../gguf/writer.js';
import { writeWeights } from '../layout/plan.js';
import { floatBytes } from '../quantize/floats.js';
import type { TensorExpr } from '../tensor/expr.js';
import type { Segment } from '../tensor/operator.js';
import { dtypeOf, memoryOf, narrow, segments } from '../tensor/rows.js';
import { planReads } from './reads.js';
import { bytesOfSegments, type Destination, type WantedTensor } from './wanted.js';

/** Rows of a tensor that a worker evaluates together, and all their destinations. It is plain data. */
export interface Piece {
  /** The expression, narrowed to these rows. */
  readonly expr: TensorExpr;
  /** Rows [from, to) of the tensor. */
  readonly from: number;
  readonly to: number;
  readonly columns: number;
  readonly destinations: readonly Destination[];
}

/** A piece, and the memory that it takes. */
export interface MeasuredPiece extends Piece {
  readonly isLocal: boolean;
  readonly segments: readonly Segment[];
  /** Source bytes: those of its segments. */
  readonly bytes: number;
  /** Bytes that evaluating and writing it take, beside its source bytes. */
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

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

import { bytesOf } from './dtype.js';
import { dtypeOf, elementCount, rowLength, type Segment, type SourceExpr, shapeOf, type TensorExpr } from './expr.js';

/** What an evaluation gets its bytes from, and where it puts those that it makes. */
export interface Workplace {
  /** A segment's bytes, in full. */
  fetch(segment: Segment): Uint8Array;
  /** Memory of so many bytes, with anything in it. */
  take(size: number): Uint8Array;
}

export function rowCount(expr: TensorExpr): number {
  const shape = shapeOf(expr);
  return elementCount(shape) / rowLength(shape);
}

export function sourceRowBytes(expr: TensorExpr): number {
  return bytesOf(dtypeOf(expr), rowLength(shapeOf(expr)));
}

/** A range of rows may start and end only at multiples of this, so that no source byte is read twice. */
export function rowGrain(expr: TensorExpr): number {
  if (expr.op !== 'permute-rows') {
    return 1;
  }
  const shape = shapeOf(expr);
  return shape.length === 1 ? 1 : (shape[0] ?? 1) / expr.heads;
}

/** The source bytes that rows [from, to) need, in the order in which `evaluate` asks for them. */
export function segments(expr: TensorExpr, from: number, to: number): Segment[] {
  switch (expr.op) {
    case 'constant':
      return [];
    case 'source':
      return [sourceSegment(expr, from, to)];
    case 'permute-rows':
      return segments(expr.of, from, to);
  }
}

/** Rows [from, to) of the tensor in its own dtype; may be a view of fetched bytes. */
export function evaluate(expr: TensorExpr, from: number, to: number, place: Workplace): Uint8Array {
  switch (expr.op) {
    case 'constant': {
      const columns = rowLength(expr.shape);
      return new Uint8Array(Float32Array.from(expr.values.slice(from * columns, to * columns)).buffer);
    }
    case 'source':
      return place.fetch(sourceSegment(expr, from, to));
    case 'permute-rows': {
      const bytes = evaluate(expr.of, from, to, place);
      const [rows = 1, ...rest] = shapeOf(expr);
      const rowBytes = bytesOf(dtypeOf(expr), elementCount(rest));
      return interleaveHalves(bytes, rows / expr.heads, rowBytes, place.take(bytes.length));
    }
  }
}

function sourceSegment(expr: SourceExpr, from: number, to: number): Segment {
  const bytes = sourceRowBytes(expr);
  return { file: expr.file, offset: expr.offset + from * bytes, length: (to - from) * bytes };
}

/** Within every group of `groupRows` rows, row i of the first half is followed by row i of the second. */
function interleaveHalves(bytes: Uint8Array, groupRows: number, rowBytes: number, out: Uint8Array): Uint8Array {
  const half = groupRows / 2;
  for (let group = 0; group < bytes.length; group += groupRows * rowBytes) {
    for (let row = 0; row < groupRows; row++) {
      const source = group + ((row & 1) * half + (row >> 1)) * rowBytes;
      out.set(bytes.subarray(source, source + rowBytes), group + row * rowBytes);
    }
  }
  return out;
}

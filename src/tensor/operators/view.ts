import { GGML_TYPES, type GgmlType } from '../../gguf/types.js';
import { bytesOf, DTYPE_BYTES, type ElementType } from '../dtype.js';
import { type Axis, elementCount, rowLength, type SourceExpr, type TensorExpr, type ViewExpr } from '../expr.js';
import type { Interpreter, Operator, Segment, Workplace } from '../operator.js';
import { contiguous, extent, isWhole, mergeAxes, runLength, type SubView, subViews } from '../strides.js';

export const view: Operator<ViewExpr> = {
  shape: ({ shape }) => shape,
  dtype: ({ of }, all) => all.dtype(of),

  grain(expr, all) {
    const rows = elementCount(expr.shape) / rowLength(expr.shape);
    if (keepsRows(expr, all)) {
      return all.grain(expr.of);
    }
    return expr.of.op === 'source' ? Math.min(rows, sourceGrain(expr, expr.of.dtype)) : rows;
  },

  narrow(expr, from, to, all) {
    const columns = rowLength(expr.shape);
    if (keepsRows(expr, all)) {
      return all.narrow(expr.of, from, to);
    }
    const pieces = subViews(expr, from * columns, to * columns).map((piece) => narrowPiece(expr.of, piece, all));
    const shape = [to - from, columns];
    const [first] = pieces;
    if (first && pieces.length === 1) {
      return arranged(first.of, { ...first, shape }, all);
    }
    const parts = pieces.map((piece) => arranged(piece.of, piece, all));
    return arranged({ op: 'concat', axis: 0, of: parts }, contiguous(shape), all);
  },

  segments(expr, all) {
    return expr.of.op === 'source' && !isPlain(expr, all)
      ? runsOf(expr, expr.of).map(({ segment }) => segment)
      : all.segments(expr.of);
  },

  evaluate(expr, place, all) {
    if (isPlain(expr, all)) {
      return all.evaluate(expr.of, place);
    }
    const target = place.take(bytesOf(all.dtype(expr.of), elementCount(expr.shape)));
    if (expr.of.op === 'source') {
      copyRuns(expr, expr.of, target, place);
    } else {
      const { of } = expr;
      place.scope(() => copyAll(expr, all.dtype(of), all.evaluate(of, place), target, place));
    }
    return target;
  },

  memory(expr, all) {
    const inner = all.memory(expr.of);
    return isPlain(expr, all) ? inner : inner + bytesOf(all.dtype(expr.of), elementCount(expr.shape));
  },

  sources: ({ of }, all) => all.sources(of),
};

/** A view of an expression; that itself where nothing moves, and the run of a source that it is. */
export function arranged(
  of: TensorExpr,
  { shape, axes, offset }: Pick<ViewExpr, 'shape' | 'axes' | 'offset'>,
  all: Pick<Interpreter, 'shape'>,
): TensorExpr {
  const own = all.shape(of);
  if (isWhole({ shape, axes, offset }, elementCount(own)) && shape.join() === own.join()) {
    return of;
  }
  if (of.op === 'source' && runLength(axes) !== undefined) {
    return { ...of, offset: of.offset + bytesOf(of.dtype, offset), shape };
  }
  return { op: 'view', of, shape, axes, offset };
}

/** Whether it is its operand under another shape. */
function isPlain(expr: ViewExpr, all: Interpreter): boolean {
  return isWhole(expr, elementCount(all.shape(expr.of)));
}

function keepsRows(expr: ViewExpr, all: Interpreter): boolean {
  return isPlain(expr, all) && rowLength(expr.shape) === rowLength(all.shape(expr.of));
}

/** A piece of a view over as few rows of its operand as have its elements. */
function narrowPiece(of: TensorExpr, piece: SubView, all: Interpreter): ViewExpr {
  const columns = rowLength(all.shape(of));
  const [from, to] = extent(piece);
  const first = Math.floor(from / columns);
  const rows = all.narrow(of, first, Math.ceil(to / columns));
  const count = piece.axes.reduce((product, [size]) => product * size, 1);
  return { op: 'view', of: rows, shape: [count], axes: piece.axes, offset: piece.offset - first * columns };
}

/** A run of so many bytes is worth a read of its own. */
const LONG_RUN = 2 ** 16;

/**
 * Rows of the smallest group whose elements are one run of the source: of a head where its rows are rearranged, all of
 * them for a transpose. 1 where the runs are long anyhow, and where no group is a run.
 */
function sourceGrain({ axes, shape }: ViewExpr, dtype: ElementType): number {
  const innermost = axes.length - 1;
  for (let from = innermost; from >= 0; from--) {
    const inner = axes.slice(from);
    const count = elementCount(inner.map(([size]) => size));
    if (isRun(inner) && (from === innermost ? bytesOf(dtype, count) >= LONG_RUN : count >= rowLength(shape))) {
      return from === innermost ? 1 : Math.ceil(count / rowLength(shape));
    }
  }
  return 1;
}

/** Whether axes, in whatever order, touch every element of a run. */
function isRun(axes: readonly Axis[]): boolean {
  const touched = axes.filter(([, stride]) => stride > 0);
  const [start, end] = extent({ axes: touched, offset: 0 });
  return end - start === elementCount(touched.map(([size]) => size));
}

/** An axis of a view, and how far its steps are apart in the result. */
interface Placed {
  readonly size: number;
  /** In units of the source. */
  readonly stride: number;
  /** In units of the result. */
  readonly target: number;
}

/** What one segment has, and where in the result it goes. */
interface Run {
  readonly segment: Segment;
  /** In units of the result. */
  readonly at: number;
  /** The axes within the segment's runs, those that repeat them, and the one across them. */
  readonly within: readonly Placed[];
  readonly across: readonly Placed[];
}

/** Bytes of the smallest thing that can be moved: an element, or a block of elements. */
function unitOf(dtype: ElementType): { readonly elements: number; readonly bytes: number } {
  if (dtype in DTYPE_BYTES) {
    return { elements: 1, bytes: bytesOf(dtype, 1) };
  }
  const [, elements, bytes] = GGML_TYPES[dtype as GgmlType];
  return { elements, bytes };
}

/** The view's axes in units. @throws Error where a view cuts blocks, which no builder makes. */
function inUnits({ axes, offset }: SubView, elements: number): SubView {
  if (elements === 1) {
    return { axes, offset };
  }
  const whole = (count: number): number => {
    if (count % elements !== 0) {
      throw new Error(`A view of blocks of ${elements} elements cuts them.`);
    }
    return count / elements;
  };
  return {
    axes: mergeAxes(axes.map(([size, stride]): Axis => (stride === 1 ? [whole(size), 1] : [size, whole(stride)]))),
    offset: whole(offset),
  };
}

function placed(axes: readonly Axis[]): Placed[] {
  let target = elementCount(axes.map(([size]) => size));
  return axes.map(([size, stride]) => {
    target /= size;
    return { size, stride, target };
  });
}

/** The view's segments: runs as long as the source has them, joined where they are evenly apart. */
function runsOf(expr: ViewExpr, { file, offset, dtype }: SourceExpr): Run[] {
  if (elementCount(expr.shape) === 0) {
    return [];
  }
  const { elements, bytes } = unitOf(dtype);
  const units = inUnits(expr, elements);
  const axes = placed(units.axes);
  const repeats = axes.filter(({ stride }) => stride === 0);
  const moving = axes.filter(({ stride }) => stride > 0).sort((a, b) => a.stride - b.stride);
  const within: Placed[] = [];
  let length = 1;
  while (moving[0]?.stride === length) {
    length *= moving[0].size;
    within.push(...moving.splice(0, 1));
  }
  const across: Placed[] = [];
  let count = 1;
  const stride = moving[0]?.stride ?? length;
  while (moving[0] && moving[0].stride === stride * count) {
    count *= moving[0].size;
    across.push(...moving.splice(0, 1));
  }
  let starts = [{ from: units.offset, at: 0 }];
  for (const axis of moving.reverse()) {
    starts = starts.flatMap(({ from, at }) =>
      Array.from({ length: axis.size }, (_, i) => ({ from: from + i * axis.stride, at: at + i * axis.target })),
    );
  }
  return starts.map(({ from, at }) => ({
    segment: { file, offset: offset + from * bytes, length: length * bytes, count, stride: stride * bytes },
    at,
    within: [...repeats, ...within],
    across,
  }));
}

function copyRuns(expr: ViewExpr, source: SourceExpr, target: Uint8Array, place: Workplace): void {
  const { bytes } = unitOf(source.dtype);
  for (const { segment, at, within, across } of runsOf(expr, source)) {
    const fetched = place.fetch(segment);
    // Where only the runs were read, they stand closer together than in the source.
    const runs = (stride: number) => (stride * bytes) / segment.stride;
    const moved = across.map((axis) => ({ ...axis, stride: (runs(axis.stride) * fetched.stride) / bytes }));
    const axes = [...moved, ...within];
    axes.sort((a, b) => b.target - a.target);
    place.kernels.copy({
      source: fetched.bytes,
      sourceOffset: 0,
      sourceStrides: axes.map(({ stride }) => stride),
      target,
      targetOffset: at,
      targetStrides: axes.map((axis) => axis.target),
      sizes: axes.map(({ size }) => size),
      elementBytes: bytes,
    });
  }
}

function copyAll(expr: SubView, dtype: ElementType, source: Uint8Array, target: Uint8Array, place: Workplace): void {
  const { elements, bytes } = unitOf(dtype);
  const { axes, offset } = inUnits(expr, elements);
  const own = placed(axes);
  place.kernels.copy({
    source,
    sourceOffset: offset,
    sourceStrides: own.map(({ stride }) => stride),
    target,
    targetOffset: 0,
    targetStrides: own.map((axis) => axis.target),
    sizes: own.map(({ size }) => size),
    elementBytes: bytes,
  });
}

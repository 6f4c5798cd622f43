import { GGML_TYPES, type GgmlType } from '../../gguf/types.js';
import { bytesOf, DTYPE_BYTES, type ElementType } from '../dtype.js';
import { type Axis, elementCount, rowLength, type SourceExpr, type TensorExpr, type ViewExpr } from '../expr.js';
import type { Interpreter, Operator, Segment, Workplace } from '../operator.js';
import { contiguous, elementsOf, extent, isWhole, mergeAxes, runLength, type SubView, subViews } from '../strides.js';
import { filled, sizeOf } from './operands.js';

export const view: Operator<ViewExpr> = {
  shape: ({ shape }) => shape,
  dtype: ({ of }, all) => all.dtype(of),

  grain(expr, all) {
    if (keepsRows(expr, all)) {
      return all.grain(expr.of);
    }
    const rows = elementCount(expr.shape) / rowLength(expr.shape);
    if (expr.of.op === 'source') {
      return Math.min(rows, sourceGrain(expr, expr.of.dtype));
    }
    const each = rowsOfRow(expr, all);
    return each === null ? rows : Math.min(rows, Math.ceil(all.grain(expr.of) / each));
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
    // Parts of whole rows can be narrowed again.
    const isRows = pieces.every((piece) => elementCount(piece.shape) % columns === 0);
    const parts = pieces.map((piece) => {
      const count = elementCount(piece.shape);
      return arranged(piece.of, { ...piece, shape: isRows ? [count / columns, columns] : [count] }, all);
    });
    const joined: TensorExpr = { op: 'concat', axis: 0, of: parts };
    return isRows ? joined : arranged(joined, contiguous(shape), all);
  },

  segments: (expr, all) =>
    expr.of.op === 'source' && !isPlain(expr, all)
      ? runsOf(expr, expr.of).map(({ segment }) => segment)
      : all.segments(expr.of),

  evaluate(expr, place, all) {
    if (isPlain(expr, all)) {
      return all.evaluate(expr.of, place);
    }
    const { of } = expr;
    return filled(place, sizeOf(expr, all), (target) => {
      if (of.op === 'source') {
        copyRuns(expr, of, target, place);
      } else {
        const { elements, bytes } = unitOf(all.dtype(of));
        const { axes, offset } = inUnits(expr, elements);
        copy(place, placed(axes), bytes, { bytes: all.evaluate(of, place), at: offset }, { bytes: target, at: 0 });
      }
    });
  },

  memory: (expr, all) => all.memory(expr.of) + (isPlain(expr, all) ? 0 : sizeOf(expr, all)),

  sources: ({ of }, all) => all.sources(of),
};

/**
 * A view of an expression, in its simplest form: the expression itself where the view moves nothing, and a source where
 * the view is one run of a source.
 */
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

/** Whether a view only changes the shape of its operand. */
const isPlain = (expr: ViewExpr, all: Interpreter): boolean => isWhole(expr, elementCount(all.shape(expr.of)));
const keepsRows = (expr: ViewExpr, all: Interpreter): boolean =>
  isPlain(expr, all) && rowLength(expr.shape) === rowLength(all.shape(expr.of));

/** How many rows of its operand make a row of a view; null where rows of the view share some. */
function rowsOfRow(expr: ViewExpr, all: Interpreter): number | null {
  const [columns, own] = [rowLength(expr.shape), rowLength(all.shape(expr.of))];
  const [[, outer] = [0, 0], ...inner] = expr.axes;
  const isApart =
    elementCount(inner.map(([size]) => size)) === columns &&
    outer > 0 &&
    (expr.offset % outer) + extent({ axes: inner, offset: 0 })[1] <= outer;
  const elements = isPlain(expr, all) ? columns : isApart ? outer : 0;
  return elements > 0 && elements % own === 0 ? elements / own : null;
}

/** A piece of a view, with its operand narrowed to the rows that hold the piece's elements. */
function narrowPiece(of: TensorExpr, piece: SubView, all: Interpreter): ViewExpr {
  const columns = rowLength(all.shape(of));
  const [from, to] = extent(piece);
  const first = Math.floor(from / columns);
  const rows = all.narrow(of, first, Math.ceil(to / columns));
  const shape = [elementsOf(piece.axes)];
  return { op: 'view', of: rows, shape, axes: piece.axes, offset: piece.offset - first * columns };
}

/** A run of at least so many bytes is worth a read of its own. */
const LONG_RUN = 2 ** 16;

/**
 * The number of rows in the smallest group whose elements are one run of the source. For rotary halves that are
 * exchanged within a head these are the head's rows; for a transpose these are all rows. It is 1 where the view's own
 * runs are long enough. Where no group is one run, it is the smallest group with the longest runs: for a transpose of
 * some of a matrix's columns all of those.
 */
function sourceGrain({ axes, shape }: ViewExpr, dtype: ElementType): number {
  const touched = axes.filter(([, stride]) => stride > 0);
  if (touched.length < axes.length && runLength(mergeAxes(touched)) !== undefined) {
    return 1; // Elements that are repeated in their order: any rows have one run.
  }
  const innermost = axes.length - 1;
  const rowsFrom = (from: number) =>
    from === innermost ? 1 : Math.ceil(elementCount(axes.slice(from).map(([size]) => size)) / rowLength(shape));
  let [longest, grain] = [0, 1];
  for (let from = innermost; from >= 0; from--) {
    const inner = axes.slice(from);
    const count = elementCount(inner.map(([size]) => size));
    if (isRun(inner) && (from === innermost ? bytesOf(dtype, count) >= LONG_RUN : count >= rowLength(shape))) {
      return rowsFrom(from);
    }
    const length = spacedRun(inner);
    if (length > longest) {
      [longest, grain] = [length, rowsFrom(from)];
    }
  }
  return grain;
}

/** How many elements follow each other at the axes' least stride. */
function spacedRun(axes: readonly Axis[]): number {
  const sorted = axes.filter(([, stride]) => stride > 0).sort(([, a], [, b]) => a - b);
  const least = sorted[0]?.[1] ?? 1;
  let length = 1;
  for (const [size, stride] of sorted) {
    if (stride !== length * least) {
      break;
    }
    length *= size;
  }
  return length;
}

/** Whether the axes, in any order, touch every element of one run. */
function isRun(axes: readonly Axis[]): boolean {
  const touched = axes.filter(([, stride]) => stride > 0);
  const [start, end] = extent({ axes: touched, offset: 0 });
  return end - start === elementsOf(touched);
}

/** An axis of a view, with the units between two steps in the source (`stride`) and in the result (`target`). */
interface Placed {
  readonly size: number;
  readonly stride: number;
  readonly target: number;
}

/** A segment, and where its bytes go in the result. */
interface Run {
  readonly segment: Segment;
  /** Units of the result before the segment's first one. */
  readonly at: number;
  /** The axes within a run, those that repeat a run (stride 0) included. */
  readonly within: readonly Placed[];
  readonly across: readonly Placed[];
}

/** The unit that views move: an element, or a block of elements. */
function unitOf(dtype: ElementType): { readonly elements: number; readonly bytes: number } {
  if (dtype in DTYPE_BYTES) {
    return { elements: 1, bytes: bytesOf(dtype, 1) };
  }
  const [, elements, bytes] = GGML_TYPES[dtype as GgmlType];
  return { elements, bytes };
}

/** A view's axes and offset, counted in units. @throws Error where a view cuts a block, which no builder makes */
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
  let target = elementsOf(axes);
  return axes.map(([size, stride]) => {
    target /= size;
    return { size, stride, target };
  });
}

/** Takes the first axes away that step through `stride`, twice `stride` and so on; and how many elements they have. */
function adjoining(axes: Placed[], stride: number): [own: Placed[], elements: number] {
  const own: Placed[] = [];
  let elements = 1;
  for (; axes[0]?.stride === stride * elements; own.push(...axes.splice(0, 1))) {
    elements *= axes[0].size;
  }
  return [own, elements];
}

/** The segments of a view of a source. Runs are as long as possible, and runs at equal distances are one segment. */
function runsOf(expr: ViewExpr, { file, offset, dtype }: SourceExpr): Run[] {
  if (elementCount(expr.shape) === 0) {
    return [];
  }
  const { elements, bytes } = unitOf(dtype);
  const units = inUnits(expr, elements);
  const axes = placed(units.axes);
  const repeats = axes.filter(({ stride }) => stride === 0);
  const moving = axes.filter(({ stride }) => stride > 0).sort((a, b) => a.stride - b.stride);
  const [within, length] = adjoining(moving, 1);
  const stride = moving[0]?.stride ?? length;
  const [across, count] = adjoining(moving, stride);
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
    const axes = [...moved, ...within].sort((a, b) => b.target - a.target);
    copy(place, axes, bytes, { bytes: fetched.bytes, at: 0 }, { bytes: target, at });
  }
}

/** Bytes, and the unit of them at which a copy begins. */
interface Start {
  readonly bytes: Uint8Array;
  readonly at: number;
}

function copy(place: Workplace, axes: readonly Placed[], elementBytes: number, source: Start, target: Start): void {
  place.kernels.copy({
    ...{ source: source.bytes, sourceOffset: source.at, sourceStrides: axes.map(({ stride }) => stride) },
    ...{ target: target.bytes, targetOffset: target.at, targetStrides: axes.map((axis) => axis.target) },
    ...{ sizes: axes.map(({ size }) => size), elementBytes },
  });
}

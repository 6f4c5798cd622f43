import { type ConcatExpr, elementCount, rowLength, rowsOf, type TensorExpr } from '../expr.js';
import type { Interpreter, Operator } from '../operator.js';
import { contiguous } from '../strides.js';
import { over, sizeOf } from './operands.js';
import { arranged } from './view.js';

export const concat: Operator<ConcatExpr> = {
  ...over(({ of }) => of),
  shape({ axis, of }, all) {
    const shapes = of.map((part) => all.shape(part));
    const along = shapes.reduce((sum, shape) => sum + (shape[axis] ?? 0), 0);
    return (shapes[0] ?? []).map((size, i) => (i === axis ? along : size));
  },

  dtype: ({ of: [first] }, all) => all.dtype(first as TensorExpr),

  grain(expr, all) {
    const { outer, inRows } = layoutOf(expr, all);
    const rows = rowsOf(concat.shape(expr, all));
    const grain = inRows && outer > 1 ? rows / outer : expr.of.map((part) => all.grain(part)).reduce(multiple, 1);
    return Math.min(rows, grain);
  },

  narrow(expr, from, to, all) {
    const { outer, inRows, starts } = layoutOf(expr, all);
    const { of } = expr;
    if (!inRows) {
      return { op: 'concat', axis: 1, of: of.map((part) => all.narrow(part, from, to)) };
    }
    const block = starts.at(-1) as number;
    if (outer === 1 || Math.floor(from / block) === Math.floor((to - 1) / block)) {
      return joined(withinBlock(expr, from, to, all));
    }
    const [first, last] = [Math.ceil(from / block), Math.floor(to / block)];
    const [head, tail] = [withinBlock(expr, from, first * block, all), withinBlock(expr, last * block, to, all)];
    return joined([...head, ...wholeBlocks(expr, first, last, all), ...tail]);
  },

  evaluate(expr, place, all) {
    const { outer } = layoutOf(expr, all);
    const target = place.take(sizeOf(expr, all));
    const total = target.length / outer;
    let at = 0;
    for (const part of expr.of) {
      const length = sizeOf(part, all) / outer;
      place.scope(() =>
        place.kernels.copy({
          ...{ source: all.evaluate(part, place), sourceOffset: 0, sourceStrides: [length, 1] },
          ...{ target, targetOffset: at, targetStrides: [total, 1] },
          ...{ sizes: [outer, length], elementBytes: 1 },
        }),
      );
      at += length;
    }
    return target;
  },

  memory: (expr, all) => sizeOf(expr, all) + Math.max(0, ...expr.of.map((part) => all.memory(part))),
};

interface Layout {
  /** How many blocks the result consists of: the dimensions before the axis. A block has a stretch of every part. */
  readonly outer: number;
  /** Whether a block consists of whole rows. Where the axis is the last, each row has a stretch of every part. */
  readonly inRows: boolean;
  /** The row of a block at which each part begins; the last entry is the number of a block's rows. */
  readonly starts: readonly number[];
}

/** Layouts that were worked out before: a stack of experts has hundreds of parts and is narrowed a thousand times. */
const layouts = new WeakMap<ConcatExpr, Layout>();

function layoutOf(expr: ConcatExpr, all: Interpreter): Layout {
  const known = layouts.get(expr);
  if (known) {
    return known;
  }
  const { axis, of } = expr;
  const shape = all.shape(of[0] as TensorExpr);
  const outer = elementCount(shape.slice(0, axis));
  const starts = [0];
  for (const part of of) {
    starts.push((starts.at(-1) ?? 0) + rowsOf(all.shape(part)) / outer);
  }
  const layout = { outer, inRows: axis < shape.length - 1, starts };
  layouts.set(expr, layout);
  return layout;
}

function joined(parts: readonly TensorExpr[]): TensorExpr {
  const [only] = parts;
  return only && parts.length === 1 ? only : { op: 'concat', axis: 0, of: parts };
}

/** Rows [from, to), which lie in one block: the parts' rows that are among them. */
function withinBlock(expr: ConcatExpr, from: number, to: number, all: Interpreter): TensorExpr[] {
  const { starts } = layoutOf(expr, all);
  const block = starts.at(-1) as number;
  const index = Math.floor(from / block);
  const [start, end] = [from - index * block, to - index * block];
  const parts: TensorExpr[] = [];
  for (let i = partAt(starts, start); (starts[i] ?? end) < end; i++) {
    const [begin, next] = [starts[i] as number, starts[i + 1] as number];
    const size = next - begin;
    const [first, last] = [Math.max(start - begin, 0), Math.min(end - begin, size)];
    if (first < last) {
      parts.push(all.narrow(expr.of[i] as TensorExpr, index * size + first, index * size + last));
    }
  }
  return parts;
}

/** The index of the part to which a row of a block belongs. */
function partAt(starts: readonly number[], row: number): number {
  let [low, high] = [0, starts.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    [low, high] = (starts[middle] as number) <= row ? [middle, high] : [low, middle];
  }
  return low;
}

/** Blocks [first, last): the stretches of all parts in turn. */
function wholeBlocks(expr: ConcatExpr, first: number, last: number, all: Interpreter): TensorExpr[] {
  if (first >= last) {
    return [];
  }
  const { starts } = layoutOf(expr, all);
  const columns = rowLength(all.shape(expr));
  const parts = expr.of.map((part, i) => {
    const size = (starts[i + 1] as number) - (starts[i] as number);
    return arranged(all.narrow(part, first * size, last * size), contiguous([last - first, size, columns]), all);
  });
  const rows = (last - first) * (starts.at(-1) as number);
  return [arranged({ op: 'concat', axis: 1, of: parts }, contiguous([rows, columns]), all)];
}

/** The least common multiple. */
function multiple(a: number, b: number): number {
  const divisor = (x: number, y: number): number => (y === 0 ? x : divisor(y, x % y));
  return (a / divisor(a, b)) * b;
}

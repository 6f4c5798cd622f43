import { type Axis, elementCount } from './expr.js';

/** A shape whose elements, in row-major order, stand at `offset + sum(index * stride)` of a run of elements. */
export interface Strided {
  readonly shape: readonly number[];
  /** Outermost first. No axis has size 1, and no two neighbours could be merged into one axis. */
  readonly axes: readonly Axis[];
  readonly offset: number;
}

/** How many elements axes have. */
export const elementsOf = (axes: readonly Axis[]): number => axes.reduce((product, [size]) => product * size, 1);

/** The view of a whole run in order, under a shape. */
export function contiguous(shape: readonly number[]): Strided {
  return { shape, axes: mergeAxes([[elementCount(shape), 1]]), offset: 0 };
}

/** Whether a view is a whole run of so many elements, in order. */
export function isWhole({ shape, axes, offset }: Strided, elements: number): boolean {
  return offset === 0 && elementCount(shape) === elements && runLength(axes) === elements;
}

/** The number of elements if the axes are one run; otherwise undefined. */
export function runLength([first = [1, 1], ...rest]: readonly Axis[]): number | undefined {
  return rest.length === 0 && first[1] === 1 ? first[0] : undefined;
}

/** Drops axes of size 1, merges an outer axis with the inner one that continues it: [2, 6], [6, 1] become [12, 1]. */
export function mergeAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = [];
  for (const [size, stride] of axes) {
    const outer = merged.at(-1);
    if (size === 1) {
      continue;
    }
    if (outer && outer[1] === size * stride) {
      merged[merged.length - 1] = [outer[0] * size, stride];
    } else {
      merged.push([size, stride]);
    }
  }
  return merged;
}

/** The axes that make up each dimension. Null where a dimension ends within an axis whose size it does not divide. */
function axesOfDimensions({ shape, axes }: Pick<Strided, 'shape' | 'axes'>): Axis[][] | null {
  if (elementCount(shape) === 0) {
    return shape.map((size) => [[size, 1]]);
  }
  const rest = [...axes];
  const dimensions: Axis[][] = [];
  for (const dimension of [...shape].reverse()) {
    const own: Axis[] = [];
    for (let wanted = dimension; wanted > 1; ) {
      const [size, stride] = rest.pop() ?? [1, 0];
      if (wanted % size === 0 && size > 1) {
        own.unshift([size, stride]);
        wanted /= size;
      } else if (size % wanted === 0) {
        own.unshift([wanted, stride]);
        rest.push([size / wanted, stride * wanted]);
        wanted = 1;
      } else {
        return null;
      }
    }
    dimensions.unshift(own);
  }
  return dimensions;
}

/** A view with other axes in one of its dimensions. */
function changed(
  { shape, offset }: Strided,
  dimensions: readonly (readonly Axis[])[],
  dimension: number,
  { axes, offset: moved }: SubView,
): Strided {
  return {
    shape: shape.map((size, i) => (i === dimension ? elementsOf(axes) : size)),
    axes: mergeAxes(dimensions.flatMap((own, i) => (i === dimension ? axes : own))),
    offset: offset + moved,
  };
}

/** Dimensions in another order: the new dimension `i` is the old `order[i]`. Null where that needs a copy. */
export function permuted(view: Strided, order: readonly number[]): Strided | null {
  const dimensions = axesOfDimensions(view);
  const axes = dimensions && mergeAxes(order.flatMap((dimension) => dimensions[dimension] ?? []));
  return axes && { shape: order.map((dimension) => view.shape[dimension] ?? 1), axes, offset: view.offset };
}

/** Every `step`-th index of a dimension, from `from` up to but not including `to`. Null where that needs a copy. */
export function sliced(view: Strided, dimension: number, from: number, to: number, step: number): Strided | null {
  const dimensions = axesOfDimensions(view);
  const [[, stride] = [1, 0], ...others] = mergeAxes(dimensions?.[dimension] ?? []);
  const count = Math.max(0, Math.ceil((Math.min(to, view.shape[dimension] ?? 1) - from) / step));
  return !dimensions || others.length > 0
    ? null
    : changed(view, dimensions, dimension, { axes: [[count, stride * step]], offset: from * stride });
}

/**
 * Indices [from, to) of a dimension that consists of two axes, for example of blocks and the elements within them. The
 * result is a list of views that follow each other along the dimension, because the first and the last block may be
 * cut. Null where the dimension does not consist of two axes.
 */
export function slicedPieces(view: Strided, dimension: number, from: number, to: number): Strided[] | null {
  const dimensions = axesOfDimensions(view);
  const axes = mergeAxes(dimensions?.[dimension] ?? []);
  return dimensions && axes.length === 2
    ? subViews({ axes, offset: 0 }, from, to).map((piece) => changed(view, dimensions, dimension, piece))
    : null;
}

/** A dimension of size 1, repeated `count` times. Null where that needs a copy. */
export function expanded(view: Strided, dimension: number, count: number): Strided | null {
  const dimensions = axesOfDimensions(view);
  return dimensions && changed(view, dimensions, dimension, { axes: [[count, 0]], offset: 0 });
}

/** Some elements of a view that follow each other in its order. */
export type SubView = Pick<Strided, 'axes' | 'offset'>;

/**
 * The elements [from, to) of a view, in order, as few sub-views. A block of an outer axis that is cut is a sub-view of
 * its own.
 */
export function subViews({ axes, offset }: SubView, from: number, to: number): SubView[] {
  if (from >= to) {
    return [];
  }
  const [[, stride] = [1, 0], ...inner] = axes;
  if (from === 0 && to === elementsOf(axes)) {
    return [{ axes, offset }];
  }
  const block = elementsOf(inner);
  const [first, last] = [Math.ceil(from / block), Math.floor(to / block)];
  const at = (index: number): SubView => ({ axes: inner, offset: offset + index * stride });
  if (first > last) {
    return subViews(at(last), from - last * block, to - last * block);
  }
  return [
    ...subViews(at(first - 1), from - (first - 1) * block, block),
    ...(last > first ? [{ axes: mergeAxes([[last - first, stride], ...inner]), offset: offset + first * stride }] : []),
    ...subViews(at(last), 0, to - last * block),
  ];
}

/** The elements that a sub-view touches: its first, and the one behind its last. Strides are never negative. */
export function extent({ axes, offset }: SubView): readonly [from: number, to: number] {
  return [offset, offset + 1 + axes.reduce((sum, [size, stride]) => sum + (size - 1) * stride, 0)];
}

import * as build from './build.js';
import { type ApplyExpr, elementCount, type TensorExpr } from './expr.js';
import { dtypeOf, shapeOf } from './rows.js';

/** A transform of a list of tensors into another list. `numbers` are its parameters. */
type Change = (tensors: readonly TensorExpr[], numbers: readonly number[]) => readonly TensorExpr[];

const each =
  (change: (expr: TensorExpr, ...numbers: number[]) => TensorExpr): Change =>
  (tensors, numbers) =>
    tensors.map((expr) => change(expr, ...numbers));
const applied = (fn: ApplyExpr['fn']): Change => each((expr) => build.apply(fn, expr));

/** The transforms that rules name; comments list their parameters. They throw RangeError for shapes that do not fit. */
export const TRANSFORMS = {
  /**
   * heads, of which transformers keeps the two halves of a rotary dimension apart, and llama.cpp wants their rows
   * interleaved; then the number of heads behind them that stay as they are
   */
  rotary: each(rotary),
  /** rows of a head, how many of them are rotated (or all): the reverse of `rotary`; the others keep their places */
  halves: each(halves),
  /** dimensions of the new shape; one may be -1 and takes the elements that are left */
  reshape: each((expr, ...shape) => build.reshape(expr, complete(expr, shape))),
  /** for each new dimension, the old one */
  permute: each((expr, ...order) => build.permute(expr, order)),
  /** two dimensions */
  transpose: each((expr, a = 0, b = 1) => build.transpose(expr, a, b)),
  /** a dimension of one element, how often it is repeated */
  expand: each(expand),
  /** the dimensions to drop, of one element each */
  squeeze: each(squeeze),
  /** dimension, first index, end (-1: the dimension's end), step */
  slice: each((expr, dimension = 0, from = 0, to = -1, step = 1) =>
    build.slice(expr, dimension, from, to === -1 ? (shapeOf(expr)[dimension] ?? 0) : to, step),
  ),
  /** dimension, then the size of each part: one tensor becomes several */
  split: (tensors, [dimension = 0, ...sizes]) => tensors.flatMap((expr) => build.split(expr, dimension, sizes)),
  /** dimension, number of equal parts: one tensor becomes several */
  chunk: (tensors, [dimension = 0, count = 1]) => tensors.flatMap((expr) => chunk(expr, dimension, count)),
  /** axis: several tensors become one */
  concat: (tensors, [axis = 0]) => [build.concat(tensors, axis)],
  /** several tensors of one shape become one, with a new outermost dimension */
  stack: (tensors) => [build.stack(tensors)],
  /** dimension, first index, groups, members of each: from there on, what is ordered by groups is ordered by members */
  turn: each(turn),
  /** several tensors of one shape are multiplied, element by element */
  product: ([first, ...others]) => (first ? [others.reduce(build.mul, first)] : []),
  /** which of several tensors to keep, by number, in order */
  take: (tensors, numbers) => numbers.flatMap((i) => tensors[i] ?? []),
  /** the numbers of rows to keep, in order */
  pick: each((expr, ...rows) => build.gather(expr, 0, rows)),
  /** rows of the result: rows of zeros are added at the end */
  pad: each(pad),
  /** how many rows to keep at most */
  cut: each((expr, rows = 0) => build.slice(expr, 0, 0, Math.min(rows, shapeOf(expr)[0] ?? 0))),
  /** rows of zeros to add at the beginning */
  lead: each((expr, rows = 0) => build.concat([zeroRows(expr, rows), expr], 0)),
  /** a number, and the shape of a tensor with it alone, in F32: nothing of the tensor itself is read */
  fill: each((_, value = 0, ...shape) => build.fill(value, shape)),
  /** a number to add to each element */
  add: each((expr, value = 0) => build.add(expr, value)),
  /** a number to multiply each element with */
  mul: each((expr, value = 1) => build.mul(expr, value)),
  /** sizes of parts of the outermost dimension, each followed by what to multiply the part with; -1: what is left */
  mulRows: each(mulRows),
  /** a number to divide each element by */
  div: each((expr, value = 1) => build.div(expr, value)),
  /** a number, and one for each column, whose sum a column's elements are divided by, in F32 */
  unit: each(unit),
  /** the mean of all elements, which is subtracted; it and the result are rounded to the tensor's dtype */
  centre: each(centre),
  /** float32 from here on, whatever it was */
  float: each((expr) => build.cast(expr, 'F32')),
  neg: applied('neg'),
  exp: applied('exp'),
  sqrt: applied('sqrt'),
  softplus: applied('softplus'),
  /** mean of the magnitudes: BitNet's weights, each the nearest of minus the mean, 0 and the mean */
  ternary: each(ternary),
} as const satisfies Record<string, Change>;

export type TransformName = keyof typeof TRANSFORMS;

/** One dimension as several. */
function parted(expr: TensorExpr, dimension: number, sizes: readonly number[]): TensorExpr {
  return build.reshape(expr, shapeOf(expr).toSpliced(dimension, 1, ...sizes));
}

function rotary(expr: TensorExpr, heads = 0, others = 0): TensorExpr {
  const shape = shapeOf(expr);
  const [rows = 0] = shape;
  if (others > 0) {
    const own = (rows * heads) / (heads + others);
    return build.concat([rotary(build.slice(expr, 0, 0, own), heads), build.slice(expr, 0, own, rows)], 0);
  }
  if (heads === 0 || rows % (2 * heads) !== 0) {
    throw new RangeError(`its ${rows} rows can't be split in halves of ${heads} heads`);
  }
  return build.reshape(build.transpose(parted(expr, 0, [heads, 2, rows / heads / 2]), 1, 2), shape);
}

function halves(expr: TensorExpr, size = 1, rotated = size): TensorExpr {
  const shape = shapeOf(expr);
  const [rows = 0] = shape;
  const isWhole = size >= 1 && rotated >= 2 && rows % size === 0 && Number.isInteger(rows / size);
  if (!isWhole || rotated % 2 !== 0 || rotated > size || !Number.isInteger(size)) {
    throw new RangeError(`its ${rows} rows are not heads of ${size}, of which ${rotated} are rotated in pairs`);
  }
  const heads = parted(expr, 0, [rows / size, size]);
  const turned = build.slice(heads, 1, 0, rotated);
  const rest = rotated < size ? [build.slice(heads, 1, rotated, size)] : [];
  const apart = build.transpose(parted(turned, 1, [rotated / 2, 2]), 1, 2);
  return build.reshape(build.concat([build.reshape(apart, shapeOf(turned)), ...rest], 1), shape);
}

/** `shape`, whose -1 stands for what is left of an expression's elements. */
function complete(expr: TensorExpr, shape: readonly number[]): number[] {
  const known = elementCount(shape.filter((size) => size !== -1));
  return shape.map((size) => (size === -1 ? elementCount(shapeOf(expr)) / known : size));
}

function expand(expr: TensorExpr, dimension = 0, count = 1): TensorExpr {
  // Sizes in bytes have to be exact, too.
  const isCountable = Number.isInteger(count) && Number.isSafeInteger(8 * elementCount(shapeOf(expr)) * count);
  if (!isCountable || count < 1 || shapeOf(expr)[dimension] !== 1) {
    throw new RangeError(`its dimension ${dimension} is not one element, to be repeated ${count} times`);
  }
  return build.expand(expr, dimension, count);
}

function squeeze(expr: TensorExpr, ...dimensions: number[]): TensorExpr {
  const shape = shapeOf(expr);
  const wrong = dimensions.find((dimension) => shape[dimension] !== 1);
  if (wrong !== undefined) {
    throw new RangeError(`its dimension ${wrong} has ${shape[wrong] ?? 0} elements, not one`);
  }
  const kept = shape.filter((_, dimension) => !dimensions.includes(dimension));
  return build.reshape(expr, kept);
}

function chunk(expr: TensorExpr, dimension: number, count: number): readonly TensorExpr[] {
  const all = shapeOf(expr)[dimension] ?? 0;
  const size = all / count;
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`its dimension ${dimension} has ${all} elements, which are not ${count} equal parts`);
  }
  return build.split(expr, dimension, Array<number>(count).fill(size));
}

function mulRows(expr: TensorExpr, ...parts: number[]): TensorExpr {
  const sizes = parts.filter((_, i) => i % 2 === 0);
  const left = sizes.reduce((rest, size) => rest - Math.max(size, 0), shapeOf(expr)[0] ?? 0);
  const whole = sizes.map((size) => (size === -1 ? left : size));
  const own = build.split(expr, 0, whole).map((part, i) => build.mul(part, parts[2 * i + 1] ?? 1));
  return build.concat(own, 0);
}

/** Rows of zeros under an expression's columns. */
function zeroRows(expr: TensorExpr, rows: number): TensorExpr {
  return build.zeros(dtypeOf(expr), [rows, ...shapeOf(expr).slice(1)]);
}

function pad(expr: TensorExpr, rows = 0): TensorExpr {
  const [own = 0] = shapeOf(expr);
  return rows <= own ? expr : build.concat([expr, zeroRows(expr, rows - own)], 0);
}

function turn(expr: TensorExpr, dimension = 0, first = 0, groups = 1, members = 1): TensorExpr {
  const size = shapeOf(expr)[dimension] ?? 0;
  const rest = build.slice(expr, dimension, first, size);
  const apart = parted(rest, dimension, [groups, members, (size - first) / groups / members]);
  const turned = build.reshape(build.transpose(apart, dimension, dimension + 1), shapeOf(rest));
  return first === 0 ? turned : build.concat([build.slice(expr, dimension, 0, first), turned], dimension);
}

function unit(expr: TensorExpr, more = 0, ...norms: number[]): TensorExpr {
  const [rows = 0, ...columns] = shapeOf(expr);
  const row: TensorExpr = { op: 'constant', dtype: 'F32', shape: [1, norms.length], values: norms };
  const divisors = build.reshape(build.expand(build.add(row, more), 0, rows), [rows, ...columns]);
  return build.div(build.cast(expr, 'F32'), divisors);
}

function centre(expr: TensorExpr, mean = 0): TensorExpr {
  const own = dtypeOf(expr);
  const rounded = (exact: TensorExpr) => (own === 'BF16' || own === 'F16' ? build.cast(exact, own) : exact);
  const means = build.cast(rounded(build.fill(mean, shapeOf(expr))), 'F32');
  return rounded(build.sub(build.cast(expr, 'F32'), means));
}

/** ref-quirk: `weight_quant` in conversion/bitnet.py divides by a rounded inverse of the mean. */
function ternary(expr: TensorExpr, mean = 0): TensorExpr {
  const inverse = Math.fround(1 / Math.fround(Math.max(mean, 1e-5)));
  const scaled = build.mul(build.cast(expr, 'F32'), inverse);
  const result = build.div(build.apply('ternary', scaled), inverse);
  return dtypeOf(expr) === 'F16' ? build.cast(result, 'F16') : result;
}

import type { ElementType } from './dtype.js';
import {
  type ApplyExpr,
  type ArithmeticExpr,
  type ConcatExpr,
  elementCount,
  type FillExpr,
  type GatherExpr,
  type TensorExpr,
  type UnpackExpr,
} from './expr.js';
import type { CastTarget } from './kernels.js';
import { arranged } from './operators/view.js';
import { dtypeOf, shapeOf } from './rows.js';
import { contiguous, expanded, permuted, type Strided, sliced, slicedPieces } from './strides.js';

/**
 * Builders of expressions, named as in torch. A builder moves a view down to the sources: through arithmetic, through a
 * concatenation whose parts stay whole, and into the view beneath. A view that cannot go further stays where it is; a
 * few of its rows may then need all rows of its operand.
 */

const SHAPES = { shape: shapeOf };

/** More than any tensor has: their bytes stay safe integers, and their sums. */
const MAX_ELEMENTS = 2 ** 48;

/** Whether a number can be the size or the index of a dimension. */
const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** The same elements under another shape. @throws RangeError */
export function reshape(expr: TensorExpr, shape: readonly number[]): TensorExpr {
  if (!shape.every(isSize) || elementCount(shape) !== elementCount(shapeOf(expr))) {
    throw new RangeError(`[${shapeOf(expr)}] cannot be reshaped to [${shape}]`);
  }
  const inRows = withinRows(expr);
  if (inRows && shape.at(-1) === shapeOf(expr).at(-1)) {
    const lead = shape.slice(0, -1);
    return rowWise(inRows, lead.length, reshape(inRows.of, [...lead, shapeOf(inRows.of).at(-1) ?? 1]));
  }
  const axis = expr.op === 'concat' ? keptAxis(shapeOf(expr), expr.axis, shape) : -1;
  if (expr.op === 'concat' && axis >= 0) {
    const merged = (shape[axis] ?? 1) / (shapeOf(expr)[expr.axis] ?? 1);
    return concatOf(expr, axis, (part) => reshape(part, shape.with(axis, (shapeOf(part)[expr.axis] ?? 1) * merged)));
  }
  return within(expr, (operand) => reshape(operand, shape)) ?? arrange(expr, (view) => ({ ...view, shape }));
}

/** Dimensions in another order: the new dimension `i` is the old `order[i]`. @throws RangeError */
export function permute(expr: TensorExpr, order: readonly number[]): TensorExpr {
  const dimensions = shapeOf(expr).map((_, i) => i);
  if (order.length !== dimensions.length || !dimensions.every((i) => order.includes(i))) {
    throw new RangeError(`[${shapeOf(expr)}] has no order [${order}] of its dimensions`);
  }
  if (expr.op === 'concat') {
    return concatOf(expr, order.indexOf(expr.axis), (part) => permute(part, order));
  }
  const inRows = withinRows(expr);
  if (inRows && order.at(-1) === order.length - 1) {
    return rowWise(inRows, order.length - 1, permute(inRows.of, order));
  }
  if (expr.op === 'gather') {
    const axis = order.indexOf(expr.axis);
    if (axis === 0 || axis === order.length - 1) {
      return { ...expr, axis, of: permute(expr.of, order) };
    }
  }
  return within(expr, (operand) => permute(operand, order)) ?? arrange(expr, (view) => permuted(view, order));
}

/** Two dimensions exchanged. @throws RangeError */
export function transpose(expr: TensorExpr, a: number, b: number): TensorExpr {
  const order = shapeOf(expr).map((_, i) => (i === a ? b : i === b ? a : i));
  return permute(expr, order);
}

/** Every `step`-th index of a dimension, from `from` up to but not including `to`. @throws RangeError */
export function slice(expr: TensorExpr, dimension: number, from: number, to: number, step = 1): TensorExpr {
  const size = shapeOf(expr)[dimension];
  if (size === undefined || ![from, to, step].every(isSize) || to > size || from > to || step < 1) {
    throw new RangeError(`[${shapeOf(expr)}] has no ${from}:${to}:${step} in dimension ${dimension}`);
  }
  const inRows = withinRows(expr);
  if (inRows && dimension < shapeOf(expr).length - 1) {
    return rowWise(inRows, shapeOf(expr).length - 1, slice(inRows.of, dimension, from, to, step));
  }
  if (expr.op === 'concat' && (expr.axis !== dimension || step === 1)) {
    return expr.axis === dimension
      ? sliceParts(expr, from, to)
      : concatOf(expr, expr.axis, (part) => slice(part, dimension, from, to, step));
  }
  if (expr.op === 'view' && step === 1 && from < to) {
    const pieces = slicedPieces(expr, dimension, from, to)?.map((piece) => arranged(expr.of, piece, SHAPES));
    if (pieces) {
      return concat(pieces, dimension);
    }
  }
  return (
    within(expr, (operand) => slice(operand, dimension, from, to, step)) ??
    arrange(expr, (view) => sliced(view, dimension, from, to, step))
  );
}

/** A dimension of size 1, repeated `count` times, as `torch.Tensor.expand` does. */
export function expand(expr: TensorExpr, dimension: number, count: number): TensorExpr {
  return arrange(expr, (view) => expanded(view, dimension, count));
}

/**
 * Cuts a tensor along a dimension into parts of the given sizes.
 * @throws RangeError unless the sizes add up to the dimension
 */
export function split(expr: TensorExpr, dimension: number, sizes: readonly number[]): TensorExpr[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== shapeOf(expr)[dimension]) {
    throw new RangeError(`Dimension ${dimension} of [${shapeOf(expr)}] does not split into ${sizes.join(' + ')}`);
  }
  let at = 0;
  return sizes.map((size) => {
    at += size;
    return slice(expr, dimension, at - size, at);
  });
}

/**
 * Tensors one after the other along an axis. Parts of different dtypes become F32.
 * @throws RangeError where other dimensions differ
 */
export function concat(parts: readonly TensorExpr[], axis: number): TensorExpr {
  const others = parts.map((part) => `${shapeOf(part).map((size, i) => (i === axis ? 0 : size))}`);
  if (new Set(others).size !== 1 || parts.some((part) => shapeOf(part)[axis] === undefined)) {
    throw new RangeError(`Shapes ${parts.map((part) => `[${shapeOf(part)}]`).join(', ')} do not join along ${axis}`);
  }
  const [only, ...more] = parts;
  const isMixed = new Set(parts.map(dtypeOf)).size > 1;
  return only && more.length === 0
    ? only
    : { op: 'concat', axis, of: isMixed ? parts.map((part) => cast(part, 'F32')) : parts };
}

/** Tensors of one shape along a new outermost dimension. @throws RangeError where the shapes differ */
export function stack(parts: readonly TensorExpr[]): TensorExpr {
  return concat(
    parts.map((part) => reshape(part, [1, ...shapeOf(part)])),
    0,
  );
}

/**
 * Picks slices along an axis, the first or the last.
 * @param index the slices' numbers in the result's order: an array, or an expression of one dimension, I32 or I64.
 */
export function gather(expr: TensorExpr, axis: number, index: TensorExpr | readonly number[]): TensorExpr {
  const shape = shapeOf(expr);
  const size = axis === 0 || axis === shape.length - 1 ? (shape[axis] ?? 0) : 0;
  if ('op' in index) {
    return { op: 'gather', axis, of: expr, index };
  }
  if (!index.every((i) => isSize(i) && i < size)) {
    throw new RangeError(`[${shape}] has no slices ${index.join(', ')} along ${axis}`);
  }
  return gather(expr, axis, { op: 'constant', dtype: 'I32', shape: [index.length], values: index });
}

/** Zeros: F16 or BF16 where `dtype` is one of these, else F32. @throws RangeError for what is no shape */
export function zeros(dtype: ElementType, shape: readonly number[]): TensorExpr {
  return fill(0, shape, dtype === 'F16' || dtype === 'BF16' ? dtype : 'F32');
}

/** One value for all elements. @throws RangeError for what is no shape */
export function fill(value: number, shape: readonly number[], dtype: FillExpr['dtype'] = 'F32'): TensorExpr {
  if (!shape.every(isSize) || elementCount(shape) > MAX_ELEMENTS) {
    throw new RangeError(`[${shape}] is no shape of equal values`);
  }
  return { op: 'fill', dtype, shape, value };
}

/** The elements as another dtype. */
export function cast(expr: TensorExpr, to: CastTarget): TensorExpr {
  return dtypeOf(expr) === to ? expr : { op: 'cast', to, of: expr };
}

/**
 * An operand of arithmetic: F16 stays F16, any other dtype becomes F32. ref-quirk: `prepare_tensors` in
 * conversion/base.py casts every tensor like this before it computes.
 */
export function asFloat(expr: TensorExpr): TensorExpr {
  return dtypeOf(expr) === 'F16' ? expr : cast(expr, 'F32');
}

type Operand = TensorExpr | number;

function arithmetic(op: ArithmeticExpr['op'], left: TensorExpr, right: Operand): TensorExpr {
  const a = asFloat(left);
  if (typeof right === 'number') {
    const fill = (dtype: 'F32' | 'F16'): TensorExpr => ({ op: 'fill', dtype, shape: shapeOf(a), value: right });
    if (dtypeOf(a) === 'F16' && (op === 'mul' || op === 'div')) {
      // Where torch multiplies or divides by a number, it rounds the number to float32 alone; what it adds, to float16.
      return cast({ op, left: cast(a, 'F32'), right: fill('F32') }, 'F16');
    }
    return { op, left: a, right: fill(dtypeOf(a) === 'F16' ? 'F16' : 'F32') };
  }
  const b = asFloat(right);
  if (shapeOf(a).join() !== shapeOf(b).join()) {
    throw new RangeError(`[${shapeOf(a)}] and [${shapeOf(b)}] are not computed with element by element`);
  }
  return dtypeOf(a) === dtypeOf(b) ? { op, left: a, right: b } : { op, left: cast(a, 'F32'), right: cast(b, 'F32') };
}

/** Adds element by element. A number stands for a tensor of equal values. @throws RangeError where the shapes differ */
export const add = (left: TensorExpr, right: Operand): TensorExpr => arithmetic('add', left, right);
/** left - right, under the rules of `add`. */
export const sub = (left: TensorExpr, right: Operand): TensorExpr => arithmetic('sub', left, right);
/** left * right, under the rules of `add`. */
export const mul = (left: TensorExpr, right: Operand): TensorExpr => arithmetic('mul', left, right);
/** left / right, under the rules of `add`. */
export const div = (left: TensorExpr, right: Operand): TensorExpr => arithmetic('div', left, right);

/** Computes a function of each element, in F16 or F32 as `asFloat` decides. */
export function apply(fn: ApplyExpr['fn'], expr: TensorExpr): TensorExpr {
  return { op: 'apply', fn, of: asFloat(expr) };
}

/**
 * Unpacks the codes of `bits` bits from the words along an axis, the lowest bits first. The result is U8. Along the
 * axis, each word becomes as many elements as it has codes.
 * @throws RangeError
 */
export function unpack(expr: TensorExpr, axis: number, bits: number): TensorExpr {
  const last = shapeOf(expr).length - 1;
  return axis === last
    ? { op: 'unpack', bits, of: expr }
    : transpose({ op: 'unpack', bits, of: transpose(expr, axis, last) }, axis, last);
}

/** What computes element by element, with its operands changed; undefined for other expressions. */
function within(expr: TensorExpr, change: (operand: TensorExpr) => TensorExpr): TensorExpr | undefined {
  if ('left' in expr) {
    return { ...expr, left: change(expr.left), right: change(expr.right) };
  }
  return expr.op === 'cast' || expr.op === 'apply' ? { ...expr, of: change(expr.of) } : undefined;
}

type Move = (view: Strided) => Strided | null;

/** Applies `move` as far down the tree as it can be applied. */
function arrange(expr: TensorExpr, move: Move): TensorExpr {
  if (expr.op === 'fill') {
    return { ...expr, shape: moved(expr.shape, move).shape };
  }
  const view = expr.op === 'view' ? move(expr) : null;
  return (
    within(expr, (operand) => arrange(operand, move)) ??
    (expr.op === 'view' && view ? arranged(expr.of, view, SHAPES) : arranged(expr, moved(shapeOf(expr), move), SHAPES))
  );
}

/** An operator that makes each row of the result of the same row of its operand alone. */
function withinRows(expr: TensorExpr): UnpackExpr | GatherExpr | null {
  const isColumns = expr.op === 'gather' && expr.axis > 0 && expr.axis === shapeOf(expr).length - 1;
  return expr.op === 'unpack' || isColumns ? expr : null;
}

/** The operator on other rows, which have `last` dimensions before the one within a row. */
function rowWise(expr: UnpackExpr | GatherExpr, last: number, of: TensorExpr): TensorExpr {
  return expr.op === 'unpack' ? { ...expr, of } : { ...expr, axis: last, of };
}

function moved(shape: readonly number[], move: Move): Strided {
  const result = move(contiguous(shape));
  if (!result) {
    throw new Error('A contiguous tensor can be rearranged in any way.');
  }
  return result;
}

function concatOf(expr: ConcatExpr, axis: number, change: (part: TensorExpr) => TensorExpr): TensorExpr {
  return { op: 'concat', axis, of: expr.of.map(change) };
}

function sliceParts(expr: ConcatExpr, from: number, to: number): TensorExpr {
  let at = 0;
  const parts = expr.of.flatMap((part) => {
    const size = shapeOf(part)[expr.axis] ?? 0;
    const [first, last] = [Math.max(from - at, 0), Math.min(to - at, size)];
    at += size;
    return first < last ? [slice(part, expr.axis, first, last)] : [];
  });
  return concat(parts, expr.axis);
}

/**
 * Finds the dimension of `shape` that dimension `axis` of `from` becomes by a reshape, alone or merged with the
 * dimensions behind it: what is concatenated along `axis` is then concatenated along that. -1 where there is none.
 */
function keptAxis(from: readonly number[], axis: number, shape: readonly number[]): number {
  const before = elementCount(from.slice(0, axis));
  return shape.findIndex(
    (size, i) => elementCount(shape.slice(0, i)) === before && size % (from[axis] ?? 1) === 0 && size > 1,
  );
}

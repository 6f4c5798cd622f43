import type { DType } from '../dtype.js';
import {
  type ApplyExpr,
  type ArithmeticExpr,
  type Axis,
  type CastExpr,
  elementCount,
  type GatherExpr,
  rowLength,
  type TensorExpr,
  type UnpackExpr,
  type ViewExpr,
} from '../expr.js';
import { type FloatType, FORMULA_DEPTH, type FormulaStep } from '../kernels.js';
import type { Interpreter, Workplace } from '../operator.js';
import { isWhole, type SubView } from '../strides.js';
import { columnsOf, isColumns, memoryOfIndices } from './gather.js';
import { filled, sizeOf } from './operands.js';

/**
 * Operators on single elements that stand on each other are one formula, which goes over the elements once. What else
 * is beneath them is evaluated first, and read from where it lies; scales that a view repeats are read as they are.
 */

export function isFloat(type: string): type is FloatType {
  return type === 'F32' || type === 'F16' || type === 'BF16';
}

/** What a formula reads: an expression that is evaluated, and how its elements become the formula's. */
type Leaf = { readonly of: TensorExpr } & (
  | { readonly kind: 'values'; readonly inner: number; readonly repeat: number; readonly run: number }
  | { readonly kind: 'picked'; readonly gather: GatherExpr }
  | { readonly kind: 'codes'; readonly bits: number; readonly first: number; readonly axes: readonly Axis[] }
  | { readonly kind: 'lookup'; readonly table: TensorExpr; readonly width: number }
);

type Part = Leaf | Exclude<FormulaStep, { readonly kind: Leaf['kind'] }>;

/** The steps of an expression, operands first. @param depth how many elements are on the stack before it */
function partsOf(expr: TensorExpr, all: Interpreter, depth = 0): readonly Part[] {
  // What would not find room on the stack is evaluated by itself.
  if (depth + 2 > FORMULA_DEPTH) {
    return [plainLeaf(expr, all)];
  }
  switch (expr.op) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'div': {
      const operands = [...partsOf(expr.left, all, depth), ...partsOf(expr.right, all, depth + 1)];
      return rounded([...operands, { kind: 'binary', op: expr.op }], all.dtype(expr));
    }
    case 'apply':
      return rounded([...partsOf(expr.of, all, depth), { kind: 'unary', fn: expr.fn }], all.dtype(expr));
    case 'cast':
      return isFloat(expr.to) ? rounded(partsOf(expr.of, all, depth), expr.to) : [plainLeaf(expr, all)];
    case 'fill':
      return rounded([{ kind: 'number', value: expr.value }], expr.dtype);
    case 'unpack':
      return [codesLeaf(expr, { axes: [[elementCount(all.shape(expr)), 1]], offset: 0 })];
    case 'view':
      return isWhole(expr, elementCount(all.shape(expr.of)))
        ? partsOf(expr.of, all, depth)
        : [codesInRuns(expr) ?? repeatedLeaf(expr) ?? plainLeaf(expr, all)];
    case 'gather':
      return [lookupLeaf(expr, all) ?? pickedLeaf(expr, all) ?? plainLeaf(expr, all)];
    default:
      return [plainLeaf(expr, all)];
  }
}

function rounded(parts: readonly Part[], dtype: string): readonly Part[] {
  return dtype === 'F16' || dtype === 'BF16' ? [...parts, { kind: 'round', to: dtype }] : parts;
}

function plainLeaf(of: TensorExpr, all: Interpreter): Leaf {
  return { kind: 'values', of, inner: Math.max(1, elementCount(all.shape(of))), repeat: 1, run: 1 };
}

/** A view that repeats each element, or groups of them: the elements themselves, without the repetitions. */
function repeatedLeaf({ of, axes, offset }: ViewExpr): Leaf | null {
  const rest = [...axes];
  const taken = (stride: number) => (rest.at(-1)?.[1] === stride ? (rest.pop() as Axis)[0] : 1);
  const run = taken(0);
  const inner = taken(1);
  const repeat = taken(0);
  const count = inner * taken(inner);
  if (rest.length > 0 || run * repeat === 1 || count === 0) {
    return null;
  }
  const elements: ViewExpr = { op: 'view', of, shape: [count], axes: count === 1 ? [] : [[count, 1]], offset };
  return { kind: 'values', of: elements, inner, repeat, run };
}

function codesLeaf({ of, bits }: UnpackExpr, { axes, offset }: SubView): Leaf {
  return { kind: 'codes', of, bits, axes, first: offset };
}

/** Codes that are read one by one take longer than all of a word's. */
const MIN_RUN = 16;

function codesInRuns(expr: ViewExpr): Leaf | null {
  const [length, stride] = expr.axes.at(-1) ?? [1, 1];
  return expr.of.op === 'unpack' && length >= MIN_RUN && stride > 0 ? codesLeaf(expr.of, expr) : null;
}

function pickedLeaf(gather: GatherExpr, all: Interpreter): Leaf | null {
  return isColumns(gather, all) ? { kind: 'picked', of: gather.of, gather } : null;
}

/** Rows of a table, by bytes. */
function lookupLeaf({ axis, of, index }: GatherExpr, all: Interpreter): Leaf | null {
  const [rows, ...row] = all.shape(of);
  const width = elementCount(row);
  const isTable = axis === 0 && rows === 256 && [1, 2, 4, 8].includes(width) && all.dtype(of) === 'F32';
  return isTable && all.dtype(index) === 'U8' ? { kind: 'lookup', of: index, table: of, width } : null;
}

function isLeaf(part: Part): part is Leaf {
  return 'of' in part;
}

type Elementwise = ArithmeticExpr | ApplyExpr | CastExpr;

/** Evaluates an expression whose elements are floats. */
export function computed(expr: Elementwise, place: Workplace, all: Interpreter): Uint8Array {
  return filled(place, sizeOf(expr, all), (target) => {
    const to = all.dtype(expr) as FloatType;
    const parts = partsOf(expr, all);
    const last = parts.at(-1);
    // The kernel rounds what it writes.
    const read = last?.kind === 'round' && last.to === to ? parts.slice(0, -1) : parts;
    const steps = read.map((part) => (isLeaf(part) ? stepOf(part, place, all) : part));
    place.kernels.formula(steps, to, target);
  });
}

function stepOf(leaf: Leaf, place: Workplace, all: Interpreter): FormulaStep {
  const data = all.evaluate(leaf.of, place);
  const dtype = all.dtype(leaf.of) as DType;
  switch (leaf.kind) {
    case 'values':
      return { ...leaf, data, dtype };
    case 'picked': {
      const { index, run } = columnsOf(leaf.gather, place, all);
      const shape = all.shape(leaf.of);
      return run === undefined
        ? { kind: 'picked', data, dtype, inner: rowLength(shape), index }
        : { kind: 'values', data, dtype, inner: elementCount(shape), repeat: 1, run };
    }
    case 'codes':
      return { ...leaf, data };
    case 'lookup':
      return { ...leaf, data, table: all.evaluate(leaf.table, place) };
  }
}

export function memoryOf(expr: Elementwise, all: Interpreter): number {
  const leaves = partsOf(expr, all).filter(isLeaf);
  return leaves.reduce((sum, leaf) => sum + all.memory(leaf.of) + besides(leaf, all), sizeOf(expr, all));
}

/** Bytes that a leaf takes beside its elements. */
function besides(leaf: Leaf, all: Interpreter): number {
  switch (leaf.kind) {
    case 'picked':
      return memoryOfIndices(leaf.gather, all);
    case 'lookup':
      return all.memory(leaf.table);
    default:
      return 0;
  }
}

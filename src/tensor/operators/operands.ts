import { bytesOf } from '../dtype.js';
import { elementCount, type TensorExpr } from '../expr.js';
import type { Interpreter, Workplace } from '../operator.js';

/** Bytes of an expression's elements. */
export const sizeOf = (expr: TensorExpr, all: Interpreter): number =>
  bytesOf(all.dtype(expr), elementCount(all.shape(expr)));

/** `size` bytes that `fill` fills; what else it takes from the workplace is freed. */
export function filled(place: Workplace, size: number, fill: (target: Uint8Array) => void): Uint8Array {
  const target = place.take(size);
  place.scope(() => fill(target));
  return target;
}

/** What an operator does that has rows for the rows of its operands, and uses them at the same time. */
export const over = <Expr extends TensorExpr>(operands: (expr: Expr) => readonly TensorExpr[]) => ({
  grain: (expr: Expr, all: Interpreter) => Math.max(...operands(expr).map((each) => all.grain(each))),
  segments: (expr: Expr, all: Interpreter) => operands(expr).flatMap((each) => all.segments(each)),
  memory: (expr: Expr, all: Interpreter) =>
    operands(expr).reduce((sum, each) => sum + all.memory(each), sizeOf(expr, all)),
  sources: (expr: Expr, all: Interpreter) => operands(expr).flatMap((each) => all.sources(each)),
});

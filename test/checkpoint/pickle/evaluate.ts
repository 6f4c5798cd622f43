import { tensorKernels } from '#src/quantize/tensor-kernels.js';
import type { TensorExpr } from '#src/tensor/expr.js';
import { evaluate } from '#src/tensor/rows.js';

/** All elements of an expression, from a file in memory. */
export function bytesOfExpr(expr: TensorExpr, file: Uint8Array): Buffer {
  const bytes = evaluate(expr, {
    fetch: ({ offset, length, count, stride }) => ({
      bytes: file.subarray(offset, offset + (count - 1) * stride + length),
      stride,
    }),
    take: (size) => new Uint8Array(size),
    scope: (use) => use(),
    kernels: tensorKernels,
  });
  return Buffer.from(bytes);
}

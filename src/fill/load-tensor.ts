import { tensorKernels } from '../quantize/tensor-kernels.js';
import type { Repo } from '../repo/repo.js';
import type { TensorExpr } from '../tensor/expr.js';
import type { Fetched, Segment } from '../tensor/operator.js';
import { evaluate, segments } from '../tensor/rows.js';

/** A whole tensor in memory, row by row in its own dtype: what is small, or is kept whole. */
export async function loadTensor(repo: Repo, expr: TensorExpr, signal?: AbortSignal): Promise<Uint8Array> {
  const fetched = new Map<string, Fetched>();
  for (const segment of segments(expr)) {
    fetched.set(keyOf(segment), await fetchSegment(repo, segment, signal));
  }
  return evaluate(expr, {
    fetch: (segment) => fetched.get(keyOf(segment)) as Fetched,
    take: (size) => new Uint8Array(size),
    scope: (use) => use(),
    kernels: tensorKernels,
  });
}

function keyOf({ file, offset, length, count, stride }: Segment): string {
  return [offset, length, count, stride, file].join(' ');
}

/** Runs that have more between them than in them are read one by one. */
async function fetchSegment(repo: Repo, segment: Segment, signal?: AbortSignal): Promise<Fetched> {
  const { file, offset, length, count, stride } = segment;
  if (count === 1 || stride <= 2 * length) {
    const bytes = new Uint8Array((count - 1) * stride + length);
    await repo.readInto(file, offset, bytes, signal);
    return { bytes, stride };
  }
  const bytes = new Uint8Array(count * length);
  for (let i = 0; i < count; i++) {
    await repo.readInto(file, offset + i * stride, bytes.subarray(i * length, (i + 1) * length), signal);
  }
  return { bytes, stride: length };
}

import { tensorKernels } from '../quantize/tensor-kernels.js';
import type { Repo } from '../repo/repo.js';
import type { TensorExpr } from '../tensor/expr.js';
import { evaluate, segments } from '../tensor/rows.js';
import { fetchReads } from './fetch-reads.js';
import { planReads, ReadBytes } from './reads.js';

/**
 * Reads and evaluates a whole tensor: all rows in its own dtype, in row-major order. It is meant for small tensors, and
 * for callers that keep the whole tensor.
 */
export async function loadTensor(repo: Repo, expr: TensorExpr, signal?: AbortSignal): Promise<Uint8Array> {
  const { reads, size } = planReads(segments(expr), false);
  const memory = new Uint8Array(size);
  await fetchReads(repo, reads, memory, signal);
  const bytes = new ReadBytes(memory, reads);
  return evaluate(expr, {
    fetch: (segment) => bytes.fetch(segment),
    take: (length) => new Uint8Array(length),
    scope: (use) => use(),
    kernels: tensorKernels,
  });
}

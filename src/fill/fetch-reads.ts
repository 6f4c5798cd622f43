import type { Repo } from '../repo/repo.js';
import type { Read } from './reads.js';

/** Fetches planned reads from the repository into a task's memory. @throws the repository's errors */
export async function fetchReads(
  repo: Repo,
  reads: readonly Read[],
  memory: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  await Promise.all(
    reads.flatMap(({ file, offset, length, count, stride, at }) =>
      Array.from({ length: count }, (_, i) => {
        const start = at + i * length;
        return repo.readInto(file, offset + i * stride, memory.subarray(start, start + length), signal);
      }),
    ),
  );
}

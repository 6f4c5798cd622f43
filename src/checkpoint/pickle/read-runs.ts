import { forEachConcurrently } from '../../async/concurrency.js';
import type { Repo } from '../../repo/repo.js';

/** Bytes of a file. */
export interface Run {
  readonly offset: number;
  readonly length: number;
}

/** Runs that are at most so far apart are read at once, so many bytes at a time: a request takes longer than these bytes. */
const [MAX_GAP, MAX_READ] = [64 * 2 ** 10, 2 ** 20];
/** Reads at once for one file. */
const MAX_READS = 8;

/** Reads small runs of a file. Each is handed to `use` with its bytes. */
export async function readRuns<R extends Run>(
  repo: Repo,
  path: string,
  runs: readonly R[],
  signal: AbortSignal | undefined,
  use: (run: R, bytes: Buffer) => void,
): Promise<void> {
  const groups: R[][] = [];
  for (const run of [...runs].sort((a, b) => a.offset - b.offset)) {
    const group = groups.at(-1) ?? [];
    const [first, last] = [group[0], group.at(-1)];
    const isNear = first && last && run.offset - (last.offset + last.length) <= MAX_GAP;
    if (isNear && run.offset + run.length - first.offset <= MAX_READ) {
      group.push(run);
    } else {
      groups.push([run]);
    }
  }
  await forEachConcurrently(groups, MAX_READS, signal, async (group, stop) => {
    const start = group[0]?.offset ?? 0;
    const end = Math.max(...group.map(({ offset, length }) => offset + length));
    const bytes = Buffer.from(await repo.read(path, start, end - start, stop));
    for (const run of group) {
      use(run, bytes.subarray(run.offset - start, run.offset - start + run.length));
    }
  });
}

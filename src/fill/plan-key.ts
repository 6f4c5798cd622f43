import { createHash } from 'node:crypto';
import { writeWeights } from '../layout/plan.js';
import type { Output } from '../output/partial-files.js';
import { packageVersion } from '../output/version.js';
import type { Repo } from '../repo/repo.js';
import { sourcesOf } from '../tensor/rows.js';
import type { WantedTensor } from './wanted.js';

/**
 * A hash of all that decides the bytes of a run's files: what it reads (its repository's commit, or sizes and times of its
 * files), what becomes of it, and this version. Runs with the same hash can go on with each other's files.
 */
export function planKey(outputs: readonly Output[], tensors: readonly WantedTensor[], repo: Repo): string {
  const hash = createHash('sha256');
  const add = (value: unknown) => hash.update(`${JSON.stringify(value)}\n`);
  add([packageVersion(), repo.id, repo.revision]);
  const files = new Set(tensors.flatMap(({ expr }) => sourcesOf(expr).map(({ file }) => file)));
  for (const path of [...files].sort()) {
    const { size, sha256, gitSha1, version } = repo.file(path);
    add([path, size, sha256, gitSha1, version]);
  }
  for (const { path, header, size } of outputs) {
    add([path, size]);
    hash.update(header);
  }
  for (const { expr, destinations } of tensors) {
    add(expr);
    for (const { write, ...destination } of destinations) {
      add([destination, write.kind, write.kind === 'convert' && [write.via, write.finite]]);
      hash.update(writeWeights(write) ?? '');
    }
  }
  return hash.digest('hex');
}

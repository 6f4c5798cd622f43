import { createHash } from 'node:crypto';
import { writeWeights } from '../layout/plan.js';
import type { PlanKey } from '../output/journal.js';
import type { Output } from '../output/partial-files.js';
import { packageVersion } from '../output/version.js';
import type { Repo } from '../repo/repo.js';
import { sourcesOf } from '../tensor/rows.js';
import type { WantedTensor } from './wanted.js';

/** The key of a plan. Runs with the same key can go on with each other's files. */
export function planKey(outputs: readonly Output[], tensors: readonly WantedTensor[], repo: Repo): PlanKey {
  return { program: packageVersion(), source: hashOfSource(tensors, repo), output: hashOfOutput(outputs, tensors) };
}

/** The repository's commit, and sizes, hashes and times of the files of weights, as far as each is known. */
function hashOfSource(tensors: readonly WantedTensor[], repo: Repo): string {
  const files = new Set(tensors.flatMap(({ expr }) => sourcesOf(expr).map(({ file }) => file)));
  const known = [...files].sort().map((path) => {
    const { size, sha256, gitSha1, version } = repo.file(path);
    return [path, size, sha256, gitSha1, version];
  });
  return createHash('sha256')
    .update(JSON.stringify([repo.id, repo.revision, known]))
    .digest('hex');
}

/** Headers, and how each tensor is made. */
function hashOfOutput(outputs: readonly Output[], tensors: readonly WantedTensor[]): string {
  const hash = createHash('sha256');
  const add = (value: unknown) => hash.update(`${JSON.stringify(value)}\n`);
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

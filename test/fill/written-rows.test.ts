import { plannedSources } from '#src/fill/source-uses.js';
import { makeTasks } from '#src/fill/tasks.js';
import { wantedTensors } from '#src/fill/wanted.js';
import { WrittenRows, withoutWritten, writtenShare } from '#src/fill/written-rows.js';
import type { Repo } from '#src/repo/repo.js';
import type { SourceExpr } from '#src/tensor/expr.js';
import { plannedFile, repoOf } from './plans.js';

const [ROWS, COLUMNS] = [64, 32];
const source = (file: string): SourceExpr => ({
  ...{ op: 'source', name: file, file, offset: 0, dtype: 'F32', shape: [ROWS, COLUMNS] },
});

/** Two tensors in a file of weights each, whose host lists a hash. */
function twoFiles() {
  const files = new Map(['a', 'b'].map((name) => [name, new Float32Array(ROWS * COLUMNS)]));
  const plain = repoOf(files);
  const file = (path: string) => ({ ...plain.file(path), sha256: '0'.repeat(64) });
  const repo: Repo = { ...plain, file, isChecked: () => true };
  const planned = plannedFile(
    ['a', 'b'].map((name) => ({ name, expr: source(name) })),
    'F32',
  );
  return { repo, tensors: wantedTensors([planned], repo) };
}

const cutting = { share: 8 * COLUMNS * 4, most: 2 ** 20 };

test('rows count as written from the first on, in whatever order pieces end', () => {
  const { tensors } = twoFiles();
  const tasks = [...makeTasks(tensors, cutting)].filter(({ pieces }) => pieces[0]?.destinations[0]?.tensor === 'a');
  expect(tasks.length).toBeGreaterThan(2);
  const written = new WrittenRows(tensors);
  const [first, ...others] = tasks;
  for (const task of others.reverse()) {
    expect(written.add(task)).toEqual(new Map());
  }
  expect(first && written.add(first)).toEqual(new Map([[0, ROWS]]));
});

test('what is written is not cut into tasks again', () => {
  const { tensors } = twoFiles();
  const left = withoutWritten(tensors, new Map([[0, 48]]));
  expect(writtenShare(left)).toBeCloseTo(48 / (2 * ROWS));
  const rows = [...makeTasks(left, cutting)].flatMap(({ pieces }) => pieces.map(({ from, to }) => [from, to] as const));
  expect(rows.reduce((sum, [from, to]) => sum + to - from, 0)).toBe(2 * ROWS - 48);
});

test('a file that an earlier run has read is still named, as one of which a part was compared', () => {
  const { repo, tensors } = twoFiles();
  const left = withoutWritten(tensors, new Map([[0, ROWS]]));
  const size = ROWS * COLUMNS * 4;
  expect(plannedSources(left, repo)).toEqual([
    { path: 'a', size, read: 0, check: 'part' },
    { path: 'b', size, read: size, check: 'sha256' },
  ]);
});

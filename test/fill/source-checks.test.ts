import { createHash } from 'node:crypto';
import { SourceChecks } from '#src/fill/source-checks.js';
import { sourceUses } from '#src/fill/source-uses.js';
import { wantedTensors } from '#src/fill/wanted.js';
import { ChangingFileError, WrongHashError } from '#src/repo/errors.js';
import type { Repo } from '#src/repo/repo.js';
import { ReadNotes } from '#src/repo/verify.js';
import type { TensorExpr } from '#src/tensor/expr.js';
import { Dice } from '../fuzz/dice.js';
import { tempFolder } from '../temp.js';
import { fillWatched, plannedFile, randomPlan, repoOf, ScratchFiles } from './plans.js';

/** What tasks read is compared with the hash of the whole file, in whatever order they read it. */

type Files = Parameters<typeof repoOf>[0];

/** Changes what was read of a file; `time` counts the reads of the place. */
type Flip = { readonly file: string; readonly at: number; readonly isFlipped: (time: number) => boolean };

function checkedRepo(files: Files, flip?: Flip): Repo {
  const repo = repoOf(files);
  let times = 0;
  return {
    ...repo,
    file: (path) => {
      const { size } = repo.file(path);
      const bytes = new Uint8Array((files.get(path) as Float32Array).buffer);
      return { path, size, sha256: createHash('sha256').update(bytes).digest('hex') };
    },
    isChecked: () => true,
    async readInto(path, offset, target) {
      await repo.readInto(path, offset, target);
      if (flip?.file === path && flip.at >= offset && flip.at < offset + target.length) {
        times++;
        const at = flip.at - offset;
        target[at] = (target[at] as number) ^ (flip.isFlipped(times) ? 1 : 0);
      }
    },
  };
}

const fillFrom = (planned: Parameters<typeof fillWatched>[0], repo: Repo, dice: Dice) =>
  fillWatched(planned, repo, new ScratchFiles(tempFolder(), planned), {
    jobs: 1 + dice.below(4),
    memory: 2 ** (20 + dice.below(4)),
  });

const PLANS = 60;

test.each([
  ['always', () => true],
  ['in the first read alone', (time: number) => time === 1],
])('a bit that is wrong %s is found, wherever it is', async (_, isFlipped) => {
  let tried = 0;
  for (let i = 0; i < PLANS; i++) {
    const dice = new Dice(11, i);
    const { planned, files } = randomPlan(dice);
    const whole = sourceUses(wantedTensors(planned, checkedRepo(files)), checkedRepo(files)).filter(
      ({ check }) => check === 'whole',
    );
    await fillFrom(planned, checkedRepo(files), dice);
    const use = whole[dice.below(Math.max(1, whole.length))];
    if (use) {
      const flip = { file: use.file.path, at: dice.below(use.file.size), isFlipped };
      const error = await fillFrom(planned, checkedRepo(files, flip), dice).catch((error: unknown) => error);
      expect([WrongHashError, ChangingFileError]).toContain((error as Error)?.constructor);
      expect((error as Error).message).toContain(use.file.path);
      tried++;
    }
  }
  expect(tried).toBeGreaterThan(PLANS / 2);
});

const rows = (file: string, from: number, count: number): TensorExpr => ({
  ...{ op: 'source', name: `${from}`, file, offset: from * 256, dtype: 'F32', shape: [count, 64] },
});

test('a file of which too little is read says so, and is not read to its end for its hash', async () => {
  const files = new Map([['a', new Float32Array(64 * 100)]]);
  const planned = [plannedFile([{ name: 't', expr: rows('a', 0, 50) }], 'F16')];
  const repo = checkedRepo(files);
  const reads: number[] = [];
  const counted: Repo = {
    ...repo,
    readInto: async (path, offset, target) => {
      reads.push(target.length);
      await repo.readInto(path, offset, target);
    },
  };
  expect(sourceUses(wantedTensors(planned, repo), repo)).toMatchObject([{ read: 12800, check: 'part' }]);
  await fillFrom(planned, counted, new Dice(1, 1));
  expect(reads.reduce((a, b) => a + b)).toBe(12800);
});

test('what the plan was made from is compared with what the file holds when it is filled', async () => {
  const files = new Map([['a', Float32Array.from({ length: 64 * 100 }, (_, i) => i)]]);
  const planned = [plannedFile([{ name: 't', expr: rows('a', 2, 98) }], 'F16')];
  const notes = new ReadNotes();
  notes.add('a', 0, new Uint8Array(512));
  const repo: Repo = { ...checkedRepo(files), notes: (path) => notes.of(path) };
  await expect(fillFrom(planned, repo, new Dice(1, 1))).rejects.toThrow(ChangingFileError);
});

test('a task that failed lets go those that wait for its bytes', async () => {
  const files = new Map([['a', new Float32Array(64 * 100)]]);
  const planned = [plannedFile([{ name: 't', expr: rows('a', 0, 100) }], 'F16')];
  const repo = checkedRepo(files);
  const checks = new SourceChecks(repo, wantedTensors(planned, repo));
  const task = (offset: number) => {
    const reads = [{ file: 'a', offset, length: 12800, count: 1, stride: 12800, at: 0 }];
    return { reads, readBytes: 12800, pieces: [], memory: 12800, isLocal: false, progress: 0 };
  };
  const [first, second] = [checks.announce(task(0)), checks.announce(task(12800))];
  const waiting = second(new Uint8Array(12800));
  await first();
  await waiting;
});

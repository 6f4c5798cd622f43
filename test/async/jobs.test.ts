import { availableParallelism } from 'node:os';
import { mostThreads, withJobs } from '#src/async/jobs.js';

test('more threads than the cores can use are lowered with a word', () => {
  const said: string[] = [];
  const to = { emit: ({ what }: { what: string }) => said.push(what) };
  expect(withJobs({ jobs: 100_000 }, to)).toEqual({ jobs: mostThreads() });
  expect(said).toEqual([expect.stringMatching(`--jobs 100000 is more .*${mostThreads()} threads`)]);
  expect(withJobs({ jobs: 2 }, to)).toEqual({ jobs: 2 });
  expect(said).toHaveLength(1);
});

test('without a number there is a thread for each core', () => {
  expect(withJobs({}, { emit: () => {} })).toEqual({ jobs: availableParallelism() });
});

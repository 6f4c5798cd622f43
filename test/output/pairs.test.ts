import { tempFolder } from '../temp.js';
import { runPairs } from './pairs.js';

test('two processes that write the same files: at no moment is one of them not whole, and nothing else is left', async () => {
  const reports = await runPairs(tempFolder(), 12, 1);
  expect(reports.flatMap(({ name, faults }) => faults.map((fault) => `${name}: ${fault}`))).toEqual([]);
  for (const { seen } of reports) {
    expect(seen).toBeGreaterThan(0);
  }
});

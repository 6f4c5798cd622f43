import { attempt, PARSERS } from './checkpoint-attempt.js';

const COUNT = 2000;

/** `npm run fuzz:checkpoint` does the same for longer. */
test('corrupted files of weights end with tensors or an error in words', async () => {
  const past = new Map(PARSERS.map(({ name }) => [name, 0]));
  const findings: string[] = [];
  for (let mutation = 0; mutation < COUNT; mutation++) {
    const { parser, isPastHeader, finding } = await attempt(1, mutation);
    past.set(parser, (past.get(parser) ?? 0) + (isPastHeader ? 1 : 0));
    if (finding !== undefined) {
      findings.push(`${mutation}: ${parser}: ${String(finding)}`);
    }
  }
  expect(findings).toEqual([]);
  for (const times of past.values()) {
    expect(times).toBeGreaterThan(COUNT / PARSERS.length / 4);
  }
});

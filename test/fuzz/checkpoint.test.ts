import { Decoded } from '../checkpoint/quantized/decoded.js';
import { attempt, PARSERS } from './checkpoint-attempt.js';
import { QUANTIZED } from './safetensors-models.js';

const COUNT = 6000;

test.each(Object.entries(QUANTIZED))('without a mutation, %s is decoded', async (_, { config, parts }) => {
  const { tensors, blocks } = await Decoded.of(config, parts);
  const kept = [...tensors, ...blocks].filter(({ name }) => !name.includes('conv'));
  expect(kept.map((tensor) => tensor.kept)).not.toContain(undefined);
});

/** `npm run fuzz:checkpoint` does the same for longer. */
test('corrupted files of weights end with tensors or an error in words', async () => {
  const past = new Map(PARSERS.map(({ name }) => [name, 0]));
  const read = new Set<string>();
  const findings: string[] = [];
  for (let mutation = 0; mutation < COUNT; mutation++) {
    const { parser, isPastHeader, isRead, finding } = await attempt(1, mutation);
    past.set(parser, (past.get(parser) ?? 0) + (isPastHeader ? 1 : 0));
    if (isRead) {
      read.add(parser);
    }
    if (finding !== undefined) {
      findings.push(`${mutation}: ${parser}: ${String(finding)}`);
    }
  }
  expect(findings).toEqual([]);
  expect(read.size).toBe(PARSERS.length);
  for (const times of past.values()) {
    expect(times).toBeGreaterThan(COUNT / PARSERS.length / 4);
  }
});

import { createSampler, penalized } from '#src/runner/generate/sample.js';

/** What llama.cpp says of it, a token at a time. */
function naive(logits: readonly number[], past: readonly number[], penalty: number): number[] {
  return logits.map((logit, token) => {
    const seen = past.includes(token);
    return Math.fround(seen ? (logit <= 0 ? logit * Math.fround(penalty) : logit / Math.fround(penalty)) : logit);
  });
}

test('tokens that have been before become less likely, whatever their sign', () => {
  const logits = Array.from({ length: 50 }, (_, i) => Math.fround(Math.sin(i * 7) * 5));
  const past = [3, 4, 4, 17, 40];
  expect([...penalized(Float32Array.from(logits), past, 1.3)]).toEqual(naive(logits, past, 1.3));
});

test('the last 64 tokens count', () => {
  const logits = Float32Array.of(1, 0.9);
  const choose = createSampler({ repeatPenalty: 1.5 });
  expect(choose(logits, [0])).toBe(1);
  expect(choose(logits, [0, ...Array<number>(64).fill(5)])).toBe(0);
  expect(createSampler()(logits, [0])).toBe(0);
});

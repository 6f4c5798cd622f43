import { InterruptedError } from '#src/errors.js';
import { availableTargets } from '#src/quantize/native.js';
import { Distribution } from '#src/runner/distribution.js';
import {
  DifferentVocabularyError,
  measure,
  type Running,
  type RunningModel,
  ShortTextError,
} from '#src/runner/measure.js';
import { NoNumberError } from '#src/runner/no-number.js';
import { fakeModel } from './fake-model.js';

const LN2 = Math.LN2;
const TEXT = 'abcd'.repeat(16);

async function all(
  models: readonly RunningModel[],
  base: RunningModel | null,
  options: object = {},
): Promise<Running[]> {
  const seen: Running[] = [];
  for await (const running of measure(models, base, { text: TEXT, context: 16, ...options })) {
    seen.push(running);
  }
  return seen;
}

async function last(models: readonly RunningModel[], base: RunningModel | null, options?: object): Promise<Running> {
  return (await all(models, base, options)).at(-1) as Running;
}

const logs = (...probabilities: number[]) => probabilities.map(Math.log);
const uniform = () => fakeModel({ logits: () => [3, 3, 3, 3] }).model;
const always = (...probabilities: number[]) => fakeModel({ logits: () => logs(...probabilities) }).model;

/** Gives the letter that follows in the text the first or the second probability, by turns. */
const byTurns = (first: number, second: number) =>
  fakeModel({
    logits: (token, position) => {
      const right = position % 2 === 0 ? first : second;
      return [0, 1, 2, 3].map((other) => Math.log(other === (token + 1) % 4 ? right : (1 - right) / 3));
    },
  }).model;

test('of each chunk the second half is scored, and nothing after its last token is run', async () => {
  const { model, calls } = fakeModel({ logits: () => [0, 0, 0, 0] });
  const seen = await all([model], null);
  expect(calls).toHaveLength(4);
  expect(calls[1]).toEqual({ tokens: [...'abcdabcdabcdabc'].map((c) => 'abcd'.indexOf(c)), past: 0, logitsFrom: 8 });
  // llama-perplexity counts context - context / 2 - 1 tokens a chunk.
  expect(seen.map(({ done, total, tokens }) => [done, total, tokens])).toEqual([1, 2, 3, 4].map((n) => [n, 4, 7 * n]));
});

test('the first token of each chunk gives way to the BOS where the vocabulary adds one', async () => {
  const { model, calls } = fakeModel({ letters: 'abcd^', bos: '^', logits: () => [0, 0, 0, 0, 0] });
  await all([model], null, { chunks: 2 });
  const chunk = (text: string) => [...text].map((letter) => 'abcd^'.indexOf(letter));
  // The text itself begins with a BOS, so that it is one token further on.
  expect(calls.map(({ tokens }) => tokens)).toEqual([chunk('^abcdabcdabcdab'), chunk('^abcdabcdabcdab')]);
});

test('a long context is run in pieces, each scored from its half on', async () => {
  const { model, calls } = fakeModel({ logits: () => [0, 0, 0, 0] });
  await all([model], null, { text: 'abcd'.repeat(700), context: 1400 });
  const shapes = calls.slice(0, 3).map(({ tokens, past, logitsFrom }) => [tokens.length, past, logitsFrom]);
  expect(shapes).toEqual([
    [512, 0, 512],
    [512, 512, 188],
    [375, 1024, 0],
  ]);
  const { tokens } = await last([model], null, { text: 'abcd'.repeat(700), context: 1400 });
  expect(tokens).toBe(2 * 699);
});

test('a model that knows nothing has the perplexity of the vocabulary', async () => {
  const { models, base } = await last([uniform()], null);
  expect(base).toBeNull();
  expect(models[0]?.divergence).toBeNull();
  expect(models[0]?.perplexity.value).toBeCloseTo(4, 9);
  expect(models[0]?.perplexity.error).toBeCloseTo(0, 6);
});

test('the error of the perplexity is that of the mean surprise', async () => {
  const { models, tokens } = await last([byTurns(1 / 2, 1 / 4)], null, { chunks: 3 });
  // Positions 8 to 14 of each of 3 chunks: 12 even ones and 9 odd.
  const mean = (12 * LN2 + 9 * 2 * LN2) / 21;
  const variance = (12 * LN2 ** 2 + 9 * (2 * LN2) ** 2) / 21 - mean ** 2;
  expect(tokens).toBe(21);
  expect(models[0]?.perplexity.value).toBeCloseTo(Math.exp(mean), 6);
  expect(models[0]?.perplexity.error).toBeCloseTo(Math.exp(mean) * Math.sqrt(variance / 20), 6);
});

test('against a base: divergence, ratio and the difference of probabilities', async () => {
  const { models, base } = await last([uniform()], always(1 / 2, 1 / 4, 1 / 8, 1 / 8));
  const kld = 0.5 * LN2 - 0.25 * LN2;
  const { divergence } = models[0] ?? {};
  expect(divergence?.kld.value).toBeCloseTo(kld, 6);
  expect(divergence?.kld.error).toBeCloseTo(0, 6);
  for (const percentile of ['minimum', 'p10', 'median', 'p90', 'p95', 'p99', 'p999', 'maximum'] as const) {
    expect(divergence?.kld[percentile]).toBeCloseTo(kld, 6);
  }
  // Both find a the likeliest: of equals, the first.
  expect(divergence?.sameTop).toEqual({ value: 1, error: 0 });
  // What follows at positions 8 to 14: b, c, d, a, b, c, d.
  const following = [1 / 4, 1 / 8, 1 / 8, 1 / 2, 1 / 4, 1 / 8, 1 / 8];
  const differences = following.map((p) => 1 / 4 - p);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(divergence?.probabilityDifference.mean.value).toBeCloseTo(mean(differences), 6);
  expect(divergence?.probabilityDifference.rms.value).toBeCloseTo(Math.sqrt(mean(differences.map((d) => d * d))), 6);
  const basePerplexity = Math.exp(mean(following.map((p) => -Math.log(p))));
  expect(base?.perplexity.value).toBeCloseTo(basePerplexity, 6);
  expect(divergence?.perplexityRatio.value).toBeCloseTo(4 / basePerplexity, 6);
});

test('the error of the ratio knows that both were measured on the same text', async () => {
  // The surprises differ by ln 2 everywhere, so the ratio is certain however much they vary.
  const { models } = await last([byTurns(1 / 4, 1 / 8)], byTurns(1 / 2, 1 / 4));
  expect(models[0]?.perplexity.error).toBeGreaterThan(0.1);
  expect(models[0]?.divergence?.perplexityRatio.value).toBeCloseTo(2, 6);
  expect(models[0]?.divergence?.perplexityRatio.error).toBeLessThan(1e-6);
});

test('percentiles and the share of equal top tokens, with its error', async () => {
  const model = fakeModel({
    logits: (_, position) => (position === 10 ? logs(1 / 8, 1 / 8, 1 / 4, 1 / 2) : logs(1 / 2, 1 / 4, 1 / 8, 1 / 8)),
  }).model;
  const { models } = await last([model], always(1 / 2, 1 / 4, 1 / 8, 1 / 8));
  const { kld, sameTop } = models[0]?.divergence ?? {};
  // ½ ln 4 + ¼ ln 2 - ⅛ ln 2 - ⅛ ln 4, at one position of seven.
  const far = LN2 + LN2 / 4 - LN2 / 8 - LN2 / 4;
  expect(kld?.value).toBeCloseTo(far / 7, 6);
  expect(kld).toMatchObject({ minimum: 0, p10: 0, median: 0 });
  expect(kld?.maximum).toBeCloseTo(far, 6);
  expect(kld?.p99).toBeCloseTo(far, 6);
  expect(kld?.error).toBeCloseTo(Math.sqrt((far ** 2 / 7 - (far / 7) ** 2) / 27), 6);
  expect(sameTop?.value).toBeCloseTo(6 / 7, 12);
  expect(sameTop?.error).toBeCloseTo(Math.sqrt(6 / 7 / 7 / 27), 12);
});

test('between two values, percentiles are read off the line', async () => {
  const base = always(1 / 2, 1 / 4, 1 / 8, 1 / 8);
  const model = fakeModel({
    logits: (_, position) => (position > 8 + 4 ? [0, 0, 0, 0] : logs(1 / 2, 1 / 4, 1 / 8, 1 / 8)),
  });
  // 20 of 28 are 0, the others 0.25 ln 2; the 90th percentile is at 24.3, beyond the step between 19 and 20.
  const { models } = await last([model.model], base);
  expect(models[0]?.divergence?.kld.p90).toBeCloseTo(LN2 / 4, 6);
  expect(models[0]?.divergence?.kld.median).toBe(0);
  const one = await last(
    [fakeModel({ logits: (_, p) => (p >= 6 ? [0, 0, 0, 0] : logs(1 / 2, 1 / 4, 1 / 8, 1 / 8)) }).model],
    base,
    {
      context: 9,
      chunks: 1,
    },
  );
  // Positions 4 to 7: two are 0, two are not.
  expect(one.tokens).toBe(4);
  expect(one.models[0]?.divergence?.kld.median).toBeCloseTo(LN2 / 8, 6);
});

test('a model against itself does not differ at all', async () => {
  const { models, base } = await last([byTurns(0.9, 0.3)], byTurns(0.9, 0.3));
  expect(models[0]?.perplexity).toEqual(base?.perplexity);
  expect(models[0]?.divergence).toMatchObject({
    perplexityRatio: { value: 1, error: 0 },
    kld: { value: 0, error: 0, maximum: 0 },
    sameTop: { value: 1 },
    probabilityDifference: { rms: { value: 0, error: 0 }, mean: { value: 0 } },
  });
});

test('several models are compared with one run of the base', async () => {
  const base = fakeModel({ logits: () => logs(1 / 2, 1 / 4, 1 / 8, 1 / 8) });
  const { models } = await last([uniform(), always(1 / 2, 1 / 4, 1 / 8, 1 / 8)], base.model);
  expect(base.calls).toHaveLength(4);
  expect(models.map(({ divergence }) => divergence?.kld.value)).toEqual([expect.closeTo(LN2 / 4, 6), 0]);
});

test('a model that predicts no numbers is refused', async () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const { model } = fakeModel({
      name: 'broken.gguf',
      logits: (_, position) => [0, 0, position === 9 ? bad : 0, 0],
    });
    const failure = last([model], null);
    await expect(failure).rejects.toThrow(NoNumberError);
    await expect(failure).rejects.toThrow(/broken\.gguf predicts \S+ at position \d+:/);
  }
});

test('a text of fewer than two chunks is refused', async () => {
  await expect(last([uniform()], null, { text: 'abcd'.repeat(8).slice(1) })).rejects.toThrow(ShortTextError);
  expect((await last([uniform()], null, { text: 'abcd'.repeat(8) })).total).toBe(2);
});

test('vocabularies that differ are refused, with the first difference', async () => {
  const base = uniform();
  const logits = () => [0, 0, 0, 0];
  const refusal = async (fake: object) => {
    const { model } = fakeModel({ name: 'other.gguf', logits, ...fake });
    const failure = last([model], base);
    await expect(failure).rejects.toThrow(DifferentVocabularyError);
    return failure.catch((error: Error) => error.message);
  };
  expect(await refusal({ letters: 'abxd' })).toContain('token 2 is "c" and "x"');
  expect(await refusal({ letters: 'abcde' })).toContain('4 and 5 tokens');
  expect(await refusal({ bos: 'a' })).toContain('begin a text differently');
});

test('an aborted measurement ends', async () => {
  const stop = new AbortController();
  const { model, calls } = fakeModel({
    logits: () => {
      stop.abort();
      return [0, 0, 0, 0];
    },
  });
  await expect(last([model], null, { signal: stop.signal })).rejects.toThrow(InterruptedError);
  expect(calls).toHaveLength(1);
});

describe.each(availableTargets())('on %s', (on) => {
  test.each([1, 3, 16, 1003])(
    'the probabilities of %p tokens are good to ten digits down to where they vanish',
    (size) => {
      const logits = Float32Array.from({ length: size }, (_, i) => 20 - ((i * 389) % size) * (700 / size));
      const distribution = new Distribution(size, on);
      distribution.read(Float32Array.of(1, 2, ...logits, 30), 2);
      const wanted = Array.from(logits, (logit) => Math.exp(logit - 20));
      const sum = wanted.reduce((total, value) => total + value, 0);
      expect(distribution.top).toBe(0);
      expect(distribution.logSum).toBeCloseTo(20 + Math.log(sum), 10);
      const worst = wanted.map((value, i) => Math.abs((distribution.exponentials[i] as number) / value - 1));
      expect(Math.max(...worst)).toBeLessThan(1e-10);
    },
  );

  test('of equal logits the first is the top', () => {
    const distribution = new Distribution(40, on);
    const logits = Float32Array.from({ length: 40 }, (_, i) => (i === 21 || i === 37 ? 2 : -i));
    distribution.read(logits, 0);
    expect(distribution.top).toBe(21);
  });

  test('what is impossible has no probability, and what is no number gives none', () => {
    const distribution = new Distribution(20, on);
    const read = (other: number, at: number) => {
      distribution.read(new Float32Array(20).fill(other, at, at + 1), 0);
      return distribution.logSum;
    };
    for (const at of [0, 7, 19]) {
      expect(read(-1000, at)).toBeCloseTo(Math.log(19), 12);
      expect(read(Number.NEGATIVE_INFINITY, at)).toBeCloseTo(Math.log(19), 12);
      expect(distribution.exponentials[at]).toBe(0);
      expect(read(Number.POSITIVE_INFINITY, at)).toBeNaN();
      expect(read(Number.NaN, at)).toBeNaN();
    }
  });
});

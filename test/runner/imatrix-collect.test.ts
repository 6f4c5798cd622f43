import type { Activations, Engine } from '#src/runner/engine.js';
import { chunkTokens, collectSums, NonFiniteActivationsError } from '#src/runner/imatrix/collect.js';
import { ShortTextError } from '#src/runner/measure.js';
import { fakeEngine, letters } from './fakes.js';

describe('chunks', () => {
  const chunks = (text: string, options: { addBos?: boolean; chunks?: number } = {}) =>
    chunkTokens(letters({ addBos: options.addBos ?? false }), text, { ctx: 8, chunks: options.chunks });
  const texts = (...given: Parameters<typeof chunks>) =>
    chunks(...given).map((chunk) => Buffer.from(chunk).toString().replace('\x01', '^'));

  test('whole ones only', () => {
    expect(texts('In the beginning God')).toEqual(['In the b', 'eginning']);
  });

  test('the BOS before the text moves it, and takes the place of the first token of every chunk', () => {
    expect(texts('In the beginning God', { addBos: true })).toEqual(['^In the ', '^eginnin']);
  });

  test('as many as asked for, and no more than there are', () => {
    expect(texts('In the beginning God crea', { chunks: 1 })).toEqual(['In the b']);
    expect(texts('In the beginning God crea', { chunks: 9 })).toHaveLength(3);
  });

  test('less than two are too few', () => {
    expect(() => chunks('In the beginnin')).toThrow(ShortTextError);
  });
});

describe('what is gathered', () => {
  const seen = new Map<string, Activations>([
    ['blk.0.attn_q.weight', { sums: Float32Array.of(1, 2), counts: Float32Array.of(4) }],
    ['output.weight', { sums: Float32Array.of(3, 4), counts: Float32Array.of(4) }],
    ['token_embd.weight', { sums: Float32Array.of(5, 6), counts: Float32Array.of(4) }],
  ]);
  const engine = (): Engine => ({ ...fakeEngine({ vocabulary: 8 }), activations: () => seen });
  const chunks = [Int32Array.of(1, 2)];

  test("the blocks' matrices", async () => {
    expect([...(await collectSums(engine(), chunks))]).toEqual([
      ['blk.0.attn_q.weight', { sums: Float32Array.of(1, 2), counts: [4] }],
    ]);
  });

  test('the output where asked for, but no tied embedding', async () => {
    expect([...(await collectSums(engine(), chunks, { processOutput: true })).keys()]).toEqual([
      'blk.0.attn_q.weight',
      'output.weight',
    ]);
  });

  test('each chunk from position 0, all of its tokens', async () => {
    const runs: unknown[] = [];
    const watched: Engine = {
      ...engine(),
      run: async (tokens, past) => {
        runs.push([[...tokens], past]);
        return [new Float32Array(0)];
      },
    };
    await collectSums(watched, [Int32Array.of(1, 2), Int32Array.of(3, 4)]);
    expect(runs).toEqual([
      [[1, 2], 0],
      [[3, 4], 0],
    ]);
  });

  test('a model that computes NaN is refused', async () => {
    const broken: Engine = {
      ...engine(),
      activations: () => new Map([['blk.0.w', { sums: Float32Array.of(Number.NaN), counts: Float32Array.of(1) }]]),
    };
    await expect(collectSums(broken, chunks)).rejects.toThrow(NonFiniteActivationsError);
  });
});

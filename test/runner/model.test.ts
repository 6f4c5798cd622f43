import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readImatrix, readImatrixSums } from '#src/quantize/imatrix/read.js';
import { openFile } from '#src/repo/open-file.js';
import { type GenerateParams, type GenerateResult, generate } from '#src/runner/generate/generate.js';
import { type ImatrixParams, type ImatrixResult, imatrix } from '#src/runner/imatrix/imatrix.js';
import { run as convert } from '../calls/records.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

const source = join(fixtures, 'Tiny-Verse-2M');
const expected = (name: string) => JSON.parse(readFileSync(join(fixtures, 'Tiny-Verse-2M.expected', name), 'utf8'));

async function last<Event, Result>(events: AsyncGenerator<Event, Result>): Promise<Result> {
  for (;;) {
    const { done, value } = await events.next();
    if (done) {
      return value;
    }
  }
}

const speak = (params: Omit<GenerateParams, 'source'>): Promise<GenerateResult> =>
  last(generate({ source, ...params }));
const compute = (params: ImatrixParams): Promise<ImatrixResult> => last(imatrix(params));

async function sums(path: string) {
  const file = await openFile(path);
  return readImatrixSums(file).finally(() => file.close());
}

describe('the small model speaks', () => {
  const { cases } = expected('continuation.json') as {
    cases: { prompt: string; text: string; continuation: number[]; margins: number[] }[];
  };

  // No margin between two tokens is so small that rounding decides.
  test.each(cases)('$prompt', async ({ prompt, text, continuation, margins }) => {
    expect(Math.min(...margins)).toBeGreaterThan(1e-3);
    const result = await speak({ prompt, maxTokens: continuation.length });
    expect(result).toMatchObject({ text, tokens: continuation.length, end: 'limit' });
  });

  test('a GGUF file says the same', async () => {
    const { result } = await convert({ source, outtype: 'f32', output: tempFolder() });
    const [{ prompt, text, continuation }] = cases as [(typeof cases)[0]];
    const params = { prompt, maxTokens: continuation.length };
    expect(await last(generate({ source: result.files[0]?.path ?? '', ...params }))).toMatchObject({ text });
  });

  test('without a chat template there is no chat', async () => {
    await expect(speak({ prompt: 'Hi', chat: true })).rejects.toThrow('has no chat template');
  });

  test('a prompt longer than the context is refused', async () => {
    await expect(speak({ prompt: 'the LORD '.repeat(1000) })).rejects.toThrow(/The prompt has \d+ tokens/);
  });
});

describe('the importance matrix of the small model', () => {
  const { ctx, chunks, text, tensors } = expected('imatrix.json') as {
    ctx: number;
    chunks: number;
    text: string;
    tensors: Record<string, { sum: number; first: number[] }>;
  };

  function calibration(folder: string): string {
    const path = join(folder, 'text.txt');
    writeFileSync(path, `${text}\n`);
    return path;
  }

  test("has transformers' activations", async () => {
    const folder = tempFolder();
    const out = join(folder, 'imatrix.gguf');
    const result = await compute({ source: source, text: calibration(folder), ctx, output: out });
    expect(result).toMatchObject({ path: out, entries: 21, chunks, datasets: [join(folder, 'text.txt')] });
    expect(result.coverage).toMatchObject({ missing: ['token_embd.weight'], mismatched: [], unused: [] });
    const { entries } = await sums(out);
    expect([...entries.keys()]).toEqual(Object.keys(tensors));
    for (const [name, { sum, first }] of Object.entries(tensors)) {
      const entry = entries.get(name);
      const total = entry?.sums.reduce((a, b) => a + b, 0) ?? 0;
      expect(Math.abs(total / sum - 1)).toBeLessThan(1e-4);
      first.forEach((value, i) => {
        expect(Math.abs((entry?.sums[i] ?? 0) / value - 1)).toBeLessThan(1e-3);
      });
      expect(entry?.counts).toEqual([ctx * chunks]);
    }
  });

  test('of fewer chunks, merged with another one, without a model', async () => {
    const folder = tempFolder();
    const [one, two, both] = ['one', 'two', 'both'].map((name) => join(folder, `${name}.gguf`)) as [
      string,
      string,
      string,
    ];
    await compute({ source: source, text: calibration(folder), ctx, chunks: 1, output: one });
    await compute({ source: source, text: calibration(folder), ctx, output: two, in: [one] });
    await compute({ ctx, in: [one, one], output: both });
    expect((await sums(two)).entries.get('blk.0.attn_q.weight')?.counts).toEqual([ctx * (chunks + 1)]);
    const [single, double] = [await sums(one), await sums(both)].map(({ entries }) =>
      entries.get('blk.2.ffn_up.weight'),
    );
    expect(double?.sums).toEqual(single?.sums.map((value) => 2 * value));
  });

  test('the legacy format means the same', async () => {
    const folder = tempFolder();
    const params = { source, text: calibration(folder), ctx };
    const paths = { gguf: join(folder, 'imatrix.gguf'), legacy: join(folder, 'imatrix.dat') };
    await compute({ ...params, output: paths.gguf });
    await compute({ ...params, output: paths.legacy, legacy: true });
    const [gguf, legacy] = await Promise.all(
      Object.values(paths).map(async (path) => {
        const file = await openFile(path);
        return readImatrix(file, path).finally(() => file.close());
      }),
    );
    expect(legacy).toMatchObject({ format: 'legacy', chunks, datasets: [params.text] });
    for (const [name, { values }] of gguf?.entries ?? []) {
      const other = legacy?.entries.get(name)?.values ?? [];
      expect(values.every((value, i) => Math.abs((other[i] ?? 0) / value - 1) < 1e-6)).toBe(true);
    }
  });

  test('nothing to do, or a context of no size: an error that says so', async () => {
    await expect(compute({ output: 'x' })).rejects.toThrow('Name a model');
    await expect(compute({ source: source, output: 'x', ctx: 0 })).rejects.toThrow('--ctx is 0');
  });
});

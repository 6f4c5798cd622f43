import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImatrixSizeError, importanceOf } from '#src/quantize/imatrix/coverage.js';
import { MalformedImatrixError, NonFiniteImatrixError } from '#src/quantize/imatrix/imatrix.js';
import { dataTest, fixtures } from '../../paths.js';
import { change, keyValuesOf, lookUp, type Model, type Run, readRuns } from './runs.js';

/** Key-values and names of what a run wrote; files of a split hold their tensors in another order. */
async function expectAsRecorded(source: Model, run: Run, folder: string): Promise<void> {
  const { kv, names } = await change(source, run, folder);
  const tensors = run.tensors ?? run.files?.flatMap((file) => file.tensors) ?? [];
  const recorded = tensors.map(([name]) => name);
  const got = [...names.values()];
  expect({ id: run.id, kv: [...kv.entries()], names: run.files ? got.sort() : got }).toEqual({
    id: run.id,
    kv: keyValuesOf(run.kv ?? run.files?.[0]?.kv ?? []),
    names: run.files ? recorded.sort() : recorded,
  });
}

describe('runs of llama-quantize', () => {
  const folder = join(fixtures, 'imatrix');
  const { source, runs } = JSON.parse(readFileSync(join(folder, 'runs.json'), 'utf8')) as {
    source: Model;
    runs: Run[];
  };

  test.each(runs.filter(({ exit }) => exit === 0))('$id: key-values and names', async (run) => {
    await expectAsRecorded(source, run, folder);
  });

  test('without attn_q, IQ2_XXS lacks the weights of the tensor that the reference names', async () => {
    const run = runs.find(({ exit }) => exit !== 0) as Run;
    const name = /Missing importance matrix for tensor (\S+)/.exec(run.error?.[0] ?? '')?.[1] ?? '';
    const { imatrix } = await change(source, run, folder);
    expect(name).toBe('blk.0.attn_q.weight');
    expect(imatrix && importanceOf(imatrix, name, [256, 256])).toBeUndefined();
  });
});

dataTest('every recorded run that changes a model writes these key-values and names', async (data) => {
  let compared = 0;
  for (const model of MODELS) {
    const folder = join(data, 'corpus-quant/e2e', model);
    const source = JSON.parse(readFileSync(join(folder, 'source.json'), 'utf8')) as Model;
    for (const run of readRuns(join(folder, 'expected')).filter(({ exit, kv, files }) => exit === 0 && (kv ?? files))) {
      await expectAsRecorded(source, run, folder);
      compared++;
    }
  }
  expect(compared).toBeGreaterThanOrEqual(MODELS.length * 20);
});

const MODELS = [
  'bert',
  'deepseek-v2',
  'falcon',
  'gemma2',
  'gpt-oss',
  'llama-gqa',
  'llama-tied',
  'mamba2',
  'mixtral',
  'phi3',
  'qwen2-fallback',
  'qwen3-moe',
];

dataTest('odd importance matrices are refused where the reference refuses them', async (data) => {
  const folder = join(data, 'corpus-quant/e2e/llama-gqa');
  const source = JSON.parse(readFileSync(join(folder, 'source.json'), 'utf8')) as Model;
  const failures: Record<string, unknown> = {};
  for (const run of readRuns(join(folder, 'expected')).filter((r) => r.imatrix_file)) {
    failures[run.id] = await change(source, run, folder).then(
      ({ imatrix }) => {
        try {
          return imatrix && lookUp(imatrix, source);
        } catch (error) {
          return (error as Error).constructor;
        }
      },
      (error: Error) => error.constructor,
    );
  }
  expect(failures).toEqual({
    'imatrix-nan.json': NonFiniteImatrixError,
    'imatrix-no-metadata.json': MalformedImatrixError,
    'imatrix-wrong-size.json': ImatrixSizeError,
    'imatrix-long-name.json': undefined,
    'imatrix-missing-entry.json': undefined,
    'imatrix-with-embd.json': undefined,
    'imatrix-wrong-size-embd.json': undefined,
    'imatrix-zero-count.json': undefined,
  });
});

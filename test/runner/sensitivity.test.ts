import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectImatrix } from '#src/runner/imatrix/auto.js';
import { chunkTokens } from '#src/runner/imatrix/collect.js';
import { openRunnable } from '#src/runner/model.js';
import { Baseline } from '#src/runner/sensitivity/baseline.js';
import { coarsen, probesFor } from '#src/runner/sensitivity/coarse.js';
import { measureSensitivities } from '#src/runner/sensitivity/measure.js';
import { openVocabulary } from '#src/tokenize/open.js';
import { fixtures } from '../paths.js';

const source = join(fixtures, 'Tiny-Verse-2M');
const text = readFileSync(join(fixtures, 'Tiny-Verse-2M.expected/eval.txt'), 'utf8');

test('what a tensor costs as another type and on another text is about what its sensitivity says', async () => {
  const imatrix = await collectImatrix({ source, chunks: 10 });
  const sensitivities = await measureSensitivities({ source, imatrix });
  const model = await openRunnable(source);
  const matrices = model.tensors.filter(({ ne }) => ne.length === 2);
  expect([...sensitivities.keys()].sort()).toEqual(matrices.map(({ name }) => name).sort());

  const chunks = chunkTokens(openVocabulary(model.kv), text, { ctx: 256, chunks: 4 });
  const baseline = new Baseline(model, chunks, 16, { contextLength: 256 });
  await baseline.prepare();
  expect(await baseline.divergence([])).toBe(0);
  const ratios: number[] = [];
  for (const tensor of matrices) {
    const { tensor: changed, loss } = await coarsen(tensor, 'Q5_0', imatrix.entries.get(tensor.name)?.values);
    const predicted = loss.weighted * (sensitivities.get(tensor.name)?.usual ?? Number.NaN);
    ratios.push((await baseline.divergence([changed])) / predicted);
  }
  expect(Math.min(...ratios)).toBeGreaterThan(0.4);
  expect(Math.max(...ratios)).toBeLessThan(2.5);
}, 60_000);

test('trials fit the rows', () => {
  expect(probesFor(512).map(({ type }) => type)).toEqual(['Q4_K', 'IQ3_S']);
  expect(probesFor(576).map(({ type }) => type)).toEqual(['Q4_0', 'MXFP4']);
  expect(probesFor(40)).toEqual([]);
});

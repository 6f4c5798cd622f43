import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { plan } from '#src/calls/convert.js';
import { MemoryFiles } from '#src/fill/sink.js';
import { wantedTensors } from '#src/fill/wanted.js';
import { executeInThreads } from '#src/fill/workers.js';
import { headerOf } from '#src/layout/layout.js';
import { readInputs } from '#src/plan/inputs.js';
import { makePlan } from '#src/plan/make-plan.js';
import { openModel } from '#src/plan/open-model.js';
import { readRecord, recordsOf, run, sha256 } from '../calls/records.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

const source = join(fixtures, 'Tiny-Verse-2M');
const expected = join(fixtures, 'Tiny-Verse-2M.expected');

test('memory that is too little is refused in the plan, and what the message names is enough', async () => {
  const output = tempFolder();
  const convert = (maxMemory: number) => run({ source, quant: 'q4_k_m', output, maxMemory, jobs: 3 });
  const error = await convert(1000).catch((caught: unknown) => caught as Error);
  expect(error).toMatchObject({ name: 'MemoryLimitError', exitCode: 6 });
  // A norm's 256 values in bfloat16, and as float32.
  const enough = 256 * (2 + 4);
  expect((error as Error).message).toBe(
    `The smallest piece of the tensor blk.0.attn_norm.weight takes ${enough} bytes of buffers, and --max-memory is 1000. ` +
      `Give --max-memory ${enough} or more.`,
  );
  await expect(convert(enough - 1)).rejects.toMatchObject({ name: 'MemoryLimitError' });
  expect(readdirSync(output)).toEqual([]);
  const { result } = await convert(enough);
  expect(sha256(result.files[0]?.path ?? '')).toBe(readRecord(join(expected, 'quantize-Q4_K_M.json')).sha256);
});

test('the plan is the same for any jobs and any memory', async () => {
  const plans = await Promise.all(
    [{}, { jobs: 1 }, { jobs: 7, maxMemory: 2 ** 17 }, { maxMemory: 2 ** 30 }].map(async (limits) =>
      JSON.stringify(await plan({ source, quant: ['q4_k_m', 'q8_0'], output: tempFolder(), ...limits })).replaceAll(
        /"path":"[^"]*"/g,
        '',
      ),
    ),
  );
  expect(new Set(plans).size).toBe(1);
});

test('a conversion into memory gives the bytes of the one to disk', async () => {
  const records = [...recordsOf(expected, 'quantize')].filter(([type]) => /^Q[48]/.test(type));
  const params = { source, quant: records.map(([type]) => type.toLowerCase()) as ['q8_0'] };
  const model = { ...(await readInputs({ ...params, emit: () => {} })), ...(await openModel(params)) };
  const { files } = await makePlan(model, { ...params, jobs: 2 }, () => {});
  const sink = new MemoryFiles(files.map((file) => ({ path: file.name, size: file.size, header: headerOf(file) })));
  const tensors = wantedTensors(files, model.repo);
  await executeInThreads({ repo: model.repo, sink, tensors, jobs: 2, memory: 2 ** 22, emit: () => {} });
  const sums = sink.files.map((bytes) => createHash('sha256').update(bytes).digest('hex'));
  expect(sums).toEqual(records.map(([, record]) => record.sha256));
});

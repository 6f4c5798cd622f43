import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { split } from '#src/files/split.js';
import { openRunnable } from '#src/runner/model.js';
import { finish } from '../calls/records.js';
import { startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { lastLogits, readCase, toF32 } from './logits.js';

const { record, source } = readCase(fixtures, 'llama-2');
const environment = { ...process.env };

beforeEach(() => {
  process.env.HF_HOME = tempFolder();
  delete process.env.HF_TOKEN;
  delete process.env.HF_HUB_OFFLINE;
});

afterEach(() => {
  process.env = { ...environment };
});

test('a split file is run from any of its parts', async () => {
  const whole = await toF32(source);
  const { files } = await finish(split({ source: whole, splitMaxTensors: 8, output: join(tempFolder(), 'part') }));
  expect(files.length).toBeGreaterThan(2);
  expect(await lastLogits(files[1]?.path ?? '', record.ids)).toEqual(await lastLogits(whole, record.ids));
});

test('a checkpoint or a GGUF file on the Hub gives what it gives from a folder', async () => {
  const root = tempFolder();
  cpSync(source, join(root, 'org/model'), { recursive: true });
  cpSync(await toF32(source), join(root, 'org/model/model.gguf'));
  const hub = await startHub(root, {});
  try {
    const { endpoint } = hub;
    expect(await lastLogits('org/model', record.ids, { endpoint })).toEqual(await lastLogits(source, record.ids));
    const whole = await toF32(source);
    expect(await lastLogits('org/model:model.gguf', record.ids, { endpoint })).toEqual(
      await lastLogits(whole, record.ids),
    );
  } finally {
    await hub.close();
  }
});

test('key-values are those of the float32 file', async () => {
  const [fromSource, fromFile] = await Promise.all([openRunnable(source), openRunnable(await toF32(source))]);
  expect([...fromSource.kv.entries()].map(([key]) => key)).toEqual([...fromFile.kv.entries()].map(([key]) => key));
  expect(fromSource.graph).toEqual(fromFile.graph);
});

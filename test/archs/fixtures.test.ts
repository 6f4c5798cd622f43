import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findArchitecture } from '#src/archs/registry.js';
import { writeKeys } from '#src/archs/write-keys.js';
import { loadConfig } from '#src/config/load-config.js';
import { KeyValues } from '#src/gguf/key-values.js';
import { parseJsonObject } from '#src/json.js';
import { gatherFacts } from '#src/plan/gather-facts.js';
import { folderFiles, type Run, readRun, written } from './corpus.js';

const fixtures = join(import.meta.dirname, '../../../test/fixtures');

async function checkKeyValues(run: Run): Promise<void> {
  const config = loadConfig(parseJsonObject(readFileSync(join(run.folder, 'config.json'), 'utf8'), 'config.json'));
  const all = { config, facts: await gatherFacts(await folderFiles(run.folder)) };
  const architecture = findArchitecture(all);
  const fileType = Number(run.kv.find(([key]) => key === 'general.file_type')?.[2]);
  const kv = new KeyValues();
  writeKeys(architecture, { ...all, fileType }, kv);
  const own = run.kv.filter(([key]) => key.startsWith(`${architecture.gguf}.`) || key === 'general.file_type');
  expect(written(kv)).toEqual(own);
}

describe.each(['llama', 'llama-yarn-bias', 'ministral3', 'qwen2', 'qwen3', 'smollm3'])('fixture %s', (name) => {
  const folder = join(fixtures, `config-${name}`);
  const [run] = readRun(name, folder, join(folder, 'expected.json'));

  test('writes the key-values that the reference wrote', async () => {
    await checkKeyValues(run as Run);
  });
});

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mapTensors, ownTensors } from '#src/archs/map-tensors.js';
import { convertedMtp } from '#src/archs/mtp.js';
import { ARCHITECTURES, findArchitecture, UnsupportedVariantError } from '#src/archs/registry.js';
import { writeKeys } from '#src/archs/write-keys.js';
import { gatherFacts } from '#src/config/facts.js';
import { loadConfig } from '#src/config/load-config.js';
import { KeyValues } from '#src/gguf/key-values.js';
import { parseJsonObject } from '#src/json.js';
import { shapeOf } from '#src/tensor/rows.js';
import { corpusRuns, folderFiles, modelRuns, type Run, readRun, sourceTensors, written } from './corpus.js';
import { known } from './known.js';

const data = process.env.HF2GGUF_DATA;
const fixtures = join(import.meta.dirname, '../../../test/fixtures');

/** Variants of a served class that are refused for now: case → what is said of them. */
const REFUSED = new Map([
  ['eagle3-llama', /an EAGLE-3 draft model/],
  ['interns1-mini', /an Intern-S1 around a Qwen3/],
  ['qwen3-reranker', /a Qwen3 reranker/],
  ['qwen3-reranker-untied', /a Qwen3 reranker/],
]);

const DENSE_MODULES = '--sentence-transformers-dense-modules';

function configOf(run: Run) {
  return loadConfig(parseJsonObject(readFileSync(join(run.folder, 'config.json'), 'utf8'), 'config.json'));
}

function isServed(run: Run): boolean {
  if (!existsSync(join(run.folder, 'config.json')) || run.args.includes('--mmproj')) {
    return false;
  }
  const { architecture } = configOf(run);
  return ARCHITECTURES.some(({ classes }) => classes.includes(architecture));
}

/** The family of a run, and its configuration with what the run's arguments say of multi-token prediction. */
async function familyOf(run: Run) {
  const files = await folderFiles(run.folder);
  const all = { config: configOf(run), facts: await gatherFacts(files) };
  const architecture = findArchitecture(all);
  const denseModules = run.args.includes(DENSE_MODULES);
  const facts = await gatherFacts(files, { files: architecture.files, denseModules });
  const wanted = run.args.includes('--mtp') ? true : run.args.includes('--no-mtp') ? false : undefined;
  const tensors = architecture.mtp && hasPlainTensors(run) ? await sourceTensors(run.folder) : [];
  const names = ownTensors(architecture, all.config, tensors).map(({ name }) => name);
  return { architecture, facts, config: { ...all.config, mtp: convertedMtp(architecture, all, { wanted, names }) } };
}

async function checkKeyValues(run: Run): Promise<void> {
  const { architecture, ...all } = await familyOf(run);
  const arch = architecture.gguf;
  const fileType = Number(run.kv.find(([key]) => key === 'general.file_type')?.[2]);
  const kv = new KeyValues();
  if (!run.args.includes('--vocab-only')) {
    writeKeys({ gguf: arch, keys: architecture.firstKeys ?? [] }, all, kv);
  }
  writeKeys(architecture, { ...all, fileType }, kv);
  expect(written(kv).filter(([key]) => !key.startsWith('tokenizer.'))).toEqual(
    run.kv.filter(([key]) => key.startsWith(`${arch}.`) || key === 'general.file_type'),
  );
}

/** Quantized sources, PyTorch files and fused tensors are not this module's. */
function hasPlainTensors(run: Run): boolean {
  return (
    run.tensors.length > 0 &&
    !run.args.includes('--fuse-qkv') &&
    !run.args.includes(DENSE_MODULES) &&
    !existsSync(join(run.folder, 'hf_quant_config.json')) &&
    configOf(run).hparams.quantization_config === undefined &&
    readdirSync(run.folder).some((file) => /^model.*\.safetensors$/.test(file))
  );
}

async function checkTensors(run: Run): Promise<void> {
  const { architecture, ...all } = await familyOf(run);
  const mapped = mapTensors(architecture, all, await sourceTensors(run.folder));
  const shapes = mapped.map(({ name, expr }) => [name, [...shapeOf(expr)].reverse()]);
  expect(shapes).toEqual(run.tensors.map(([name, , ne]) => [name, ne]));
  for (const { name, expr } of mapped) {
    if (expr.op === 'constant') {
      const sha256 = createHash('sha256').update(Float32Array.from(expr.values)).digest('hex');
      expect([name, sha256]).toEqual([name, run.tensors.find(([expected]) => expected === name)?.[4]]);
    }
  }
}

describe.each(['llama', 'llama-yarn-bias', 'ministral3', 'qwen2', 'qwen3', 'smollm3'])('fixture %s', (name) => {
  const folder = join(fixtures, `config-${name}`);
  const [run] = readRun(name, folder, join(folder, 'expected.json'));

  test('writes the key-values that the reference wrote', async () => {
    await checkKeyValues(run as Run);
  });
});

describe('corpus', () => {
  const runs = data
    ? [
        ...corpusRuns(join(data, 'corpus')),
        ...corpusRuns(join(data, 'corpus-tokenizers')),
        ...modelRuns(join(data, 'models')),
      ].filter(isServed)
    : [];
  const refused = runs.filter((run) => REFUSED.has(run.name.split('/')[0] ?? ''));
  const converted = runs.filter((run) => !refused.includes(run));

  if (!data) {
    test.skip('skipped: HF2GGUF_DATA is not set', () => {});
    return;
  }

  test('has runs of every family', () => {
    const families = new Set(converted.map((run) => findArchitecture(known(configOf(run))).gguf));
    const proven = ARCHITECTURES.filter(({ unproven }) => !unproven);
    expect([...families].sort()).toEqual([...new Set(proven.map(({ gguf }) => gguf))].sort());
  });

  test.each(converted.map((run) => [run.name, run] as const))('%s: key-values', async (_, run) => {
    await checkKeyValues(run);
  });

  test.each(converted.filter(hasPlainTensors).map((run) => [run.name, run] as const))(
    '%s: tensors in order, with their shapes; those of the configuration to the bit',
    async (_, run) => {
      await checkTensors(run);
    },
  );

  test.each(refused.map((run) => [run.name, run] as const))('%s: refused', async (name, run) => {
    const refusal = checkKeyValues(run);
    await expect(refusal).rejects.toThrow(REFUSED.get(name.split('/')[0] ?? ''));
    await expect(refusal).rejects.toThrow(UnsupportedVariantError);
  });
});

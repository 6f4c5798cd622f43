import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hf2ggufError } from '#src/errors.js';
import { data } from '../paths.js';
import { RunFolder, type RunRecord, readRuns, toParams } from './quantize-runs.js';
import { sha256 } from './records.js';

const MODELS = [
  ...['bert', 'deepseek-v2', 'falcon', 'gemma2', 'gpt-oss', 'llama-gqa', 'llama-tied', 'mamba2', 'mixtral', 'phi3'],
  ...['qwen2-fallback', 'qwen3-moe'],
];

const title = `llama-quantize's runs of %s${data ? '' : ' (skipped: HF2GGUF_DATA is not set)'}`;

(data ? describe : describe.skip).each(MODELS)(title, (name) => {
  const model = join(data ?? '', 'corpus-quant/e2e', name);
  const runs = data ? readRuns(model) : [['none', { args: [], exit: 0 }] as [string, RunRecord]];
  const before = process.cwd();
  let runFolder: RunFolder;

  beforeAll(async () => {
    process.chdir(mkdtempSync(join(tmpdir(), 'hf2gguf-runs-')));
    runFolder = new RunFolder(process.cwd(), model, new Map(runs));
    await runFolder.makeSource();
  });
  afterAll(() => {
    process.chdir(before);
    rmSync(runFolder.folder, { recursive: true });
  });

  test.each(runs)('%s', async (_, record) => {
    if (record.exit !== 0) {
      await expect(runFolder.run(record)).rejects.toBeInstanceOf(Hf2ggufError);
    } else if (record.log) {
      expect(await plannedTypes(record)).toEqual(loggedTypes(record.log));
    } else {
      const { files = [{ ...record, name: 'out.gguf' }] } = record;
      const expected = files.map(({ name, size, sha256 }) => ({ name, size, sha256 }));
      expect(await runFolder.run(record)).toEqual(expected);
    }
    for (const [file, hash] of Object.entries(record.sources ?? {})) {
      expect({ file, hash: sha256(file) }).toEqual({ file, hash });
    }
    if (record.source_sha256) {
      expect(sha256(String(toParams(record.args).source))).toBe(record.source_sha256);
    }
  });

  async function plannedTypes(record: RunRecord): Promise<string[]> {
    const plan = await runFolder.plan(record);
    return plan.files.flatMap(({ tensors }) => tensors.map((tensor) => `${tensor.name} ${tensor.type.toLowerCase()}`));
  }
});

/** `NAME TYPE` of each tensor's line. */
function loggedTypes(log: readonly string[]): string[] {
  return log.flatMap((line) => {
    const { name, from, to } =
      /^\[ *\d+\/ *\d+\] (?<name>\S+) .* type = +(?<from>\S+), size = [^(]*(?:\((?<to>\S+)\))?$/.exec(line)?.groups ??
      {};
    return name ? [`${name} ${(to ?? from ?? '').toLowerCase()}`] : [];
  });
}

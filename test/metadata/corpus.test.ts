import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeyValues } from '#src/gguf/key-values.js';
import { type OutputKind, outputName } from '#src/metadata/file-name.js';
import { loadMetadata } from '#src/metadata/load.js';
import { writeMetadata } from '#src/metadata/metadata.js';
import { countParameters } from '#src/metadata/size-label.js';
import { openFolder } from '#src/repo/folder.js';
import { SmallFiles } from '#src/repo/small-files.js';
import { data } from '../paths.js';
import { recordOf } from './record.js';

/** What the reference wrote, of every case: `general.*` and the file's name depend on no architecture. */
interface Case {
  readonly repo: string;
  readonly tool?: string;
  readonly runs: readonly { readonly id: string; readonly args: readonly string[] }[];
}
interface Expected {
  readonly files: readonly {
    readonly name: string;
    readonly kv: readonly (readonly [key: string, type: string, value: unknown])[];
    readonly tensors: readonly (readonly [name: string, type: string, ne: readonly number[]])[];
  }[];
}

const FILE_TYPES: Record<number, string> = {
  0: 'F32',
  1: 'F16',
  7: 'Q8_0',
  32: 'BF16',
  36: 'TQ1_0',
  37: 'TQ2_0',
  38: 'MXFP4_MOE',
  39: 'NVFP4',
};
/** Written by others: the architecture first, the rest with the model's own keys. */
const OTHERS = new Set(['general.architecture', 'general.file_type', 'general.quantization_version']);

if (data) {
  const corpus = join(data, 'corpus');
  const cases = readdirSync(corpus).filter((name) => existsSync(join(corpus, name, 'case.json')));
  test.each(cases)('general.* and file names of corpus/%s', (name) => checkCase(join(corpus, name)));
} else {
  test.skip('general.* and file names of the corpus (skipped: HF2GGUF_DATA is not set)', () => {});
}

async function checkCase(folder: string): Promise<void> {
  const { repo, tool, runs } = readJson<Case>(join(folder, 'case.json'));
  for (const run of runs) {
    const path = join(folder, 'expected', `${run.id}.json`);
    const override = run.args[run.args.indexOf('--metadata') + 1]?.slice(1);
    const usesLostFile = run.args.includes('--metadata') && !existsSync(join(folder, override ?? ''));
    if (existsSync(path) && !usesLostFile) {
      const result = await convertedMetadata(join(folder, 'source', repo), run.args, tool, readJson<Expected>(path));
      expect({ run: run.id, ...result.got }).toEqual({ run: run.id, ...result.want });
    }
  }
}

async function convertedMetadata(
  source: string,
  args: readonly string[],
  tool: string | undefined,
  { files }: Expected,
) {
  const option = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const first = files[0];
  if (!first) {
    throw new Error(`${source}: an expected record without files`);
  }
  const metadataFile = option('--metadata')?.slice(1);
  const modelName = option('--model-name');
  const metadata = await loadMetadata({
    files: new SmallFiles(await openFolder(source)),
    folderName: source.split('/').at(-1) ?? '',
    parameterCounts: countParameters(
      files.flatMap(({ tensors }) => tensors.map(([name, , ne]) => ({ name, shape: [...ne].reverse() }))),
    ),
    ...(modelName !== undefined && { modelName }),
    ...(metadataFile !== undefined && { overrides: readJson(join(source, '../..', metadataFile)) }),
  });
  const kind: OutputKind =
    tool === 'lora'
      ? 'lora'
      : args.includes('--mmproj')
        ? 'mmproj'
        : args.includes('--vocab-only')
          ? 'vocab'
          : draft(first);
  const kv = new KeyValues();
  writeMetadata(metadata, kv, kind === 'mmproj' ? 'mmproj' : kind === 'lora' ? 'adapter' : 'model');
  const stored = first.kv.find(([key]) => key === 'general.file_type')?.[2];
  // Adapters, MPT and GPT-NeoX store none; the latter's sources are float16.
  const unstored = option('--outtype')?.replace('auto', 'f16') ?? (kind === 'lora' ? 'f32' : 'f16');
  const fileType = typeof stored === 'number' ? FILE_TYPES[stored] : unstored.toUpperCase();
  return {
    got: { name: outputName(metadata, fileType ?? '?', kind), kv: recordOf(kv) },
    want: {
      name: first.name.replace(/-00001-of-\d{5}/, ''),
      kv: first.kv.filter(([key]) => key.startsWith('general.') && !OTHERS.has(key)),
    },
  };
}

/** Whether a file is a draft head alone is the architecture's matter. */
function draft({ name }: { readonly name: string }): OutputKind {
  return name.startsWith('mtp-') ? 'mtp' : 'model';
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8'));
}

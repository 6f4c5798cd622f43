import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeyValues } from '#src/gguf/key-values.js';
import type { GgufValue, Scalar, ScalarType } from '#src/gguf/types.js';
import { importanceOf } from '#src/quantize/imatrix/coverage.js';
import { type Imatrix, selectEntries } from '#src/quantize/imatrix/imatrix.js';
import { imatrixKeyValues } from '#src/quantize/imatrix/key-values.js';
import { readImatrix } from '#src/quantize/imatrix/read.js';
import { applyKvOverrides, overriddenForLoading, parseKvOverride } from '#src/quantize/override-kv.js';
import { parseLayers, pruneLayers, withBlockCount } from '#src/quantize/prune-layers.js';
import { compareForQuantized } from '#src/quantize/recipe/tensor.js';
import { openFile } from '#src/repo/open-file.js';

/** Key, type, and the value, of a list its length and a hash. */
type RecordedKeyValue = [key: string, type: string, value: unknown];
type RecordedTensor = [name: string, type: string, ne: number[], ...rest: unknown[]];

export interface Model {
  kv: RecordedKeyValue[];
  tensors: RecordedTensor[];
}

/** One run of llama-quantize: what it wrote, or did not. */
export interface Run extends Partial<Model> {
  id: string;
  args: string[];
  exit: number;
  error?: string[];
  /** Of a split. */
  files?: Model[];
  /** The importance matrix, where it was copied to the name in the arguments. */
  imatrix_file?: string;
}

const values = (run: Run, option: string) =>
  run.args.flatMap((arg, i) => (arg === option ? [run.args[i + 1] as string] : []));

/** The runs of a folder that change a model before it is quantized. */
export function readRuns(folder: string): Run[] {
  return readdirSync(folder)
    .map((file) => ({ id: file, ...JSON.parse(readFileSync(join(folder, file), 'utf8')) }) as Run)
    .filter(changesModel);
}

export function changesModel({ args = [] }: Run): boolean {
  return args.some((arg) => ['--imatrix', '--override-kv', '--prune-layers'].includes(arg));
}

const TYPES: Readonly<Record<string, ScalarType>> = {
  UINT16: 'u16',
  INT32: 'i32',
  UINT32: 'u32',
  FLOAT32: 'f32',
  BOOL: 'bool',
  STRING: 'string',
};

/** Without the keys of a split; a list stands as its hash. */
export function keyValuesOf(recorded: readonly RecordedKeyValue[]): [string, GgufValue][] {
  return recorded
    .filter(([key]) => !key.startsWith('split.'))
    .map(([key, name, value]) => {
      const of = TYPES[/ARRAY<(.*)>/.exec(name)?.[1] ?? name];
      if (!of) {
        throw new TypeError(`${key} has the type ${name}`);
      }
      const isArray = name.startsWith('ARRAY');
      return [
        key,
        isArray ? { type: 'array', of, value: [JSON.stringify(value)] } : { type: of, value: value as Scalar },
      ];
    });
}

/** The output's key-values and the names of its tensors, as the run's arguments have them. */
export async function change(source: Model, run: Run, folder: string) {
  const kv = new KeyValues();
  for (const [key, value] of keyValuesOf(source.kv)) {
    kv.set(key, value);
  }
  const overrides = values(run, '--override-kv').map(parseKvOverride);
  const imatrix = await selected(run, folder);
  const names = source.tensors
    .map(([name]) => ({ name }))
    .sort(compareForQuantized)
    .map(({ name }) => name);
  const layers = values(run, '--prune-layers').flatMap(parseLayers);
  const pruning = pruneLayers(names, layers);
  const changed = applyKvOverrides(withFileType(kv, run), [
    ...overrides,
    ...(imatrix ? imatrixKeyValues(imatrix) : []),
  ]);
  const architecture = String(overriddenForLoading(kv, overrides).get('general.architecture')?.value);
  return {
    imatrix,
    kv: layers.length > 0 ? withBlockCount(changed, architecture, pruning) : changed,
    names: pruning.kept,
  };
}

async function selected(run: Run, folder: string): Promise<Imatrix | undefined> {
  const file = values(run, '--imatrix').at(-1);
  if (file === undefined) {
    return undefined;
  }
  const source = await openFile(join(folder, run.imatrix_file?.split(' ')[0] ?? file));
  const imatrix = await readImatrix(source, file).finally(() => source.close());
  return selectEntries(imatrix, {
    include: values(run, '--include-weights'),
    exclude: values(run, '--exclude-weights'),
  });
}

/** The two keys that every run sets; the file type's number is the record's. */
function withFileType(kv: KeyValues, run: Run): KeyValues {
  const recorded = [...(run.kv ?? run.files?.[0]?.kv ?? [])].find(([key]) => key === 'general.file_type');
  return kv
    .clone()
    .delete('general.quantization_version')
    .u32('general.quantization_version', 2)
    .delete('general.file_type')
    .u32('general.file_type', Number(recorded?.[2] ?? 0));
}

/** Looks the weights of all matrices up, as quantizing does. */
export function lookUp(imatrix: Imatrix, source: Model): void {
  for (const [name, , ne] of source.tensors.filter(([, , ne]) => ne.length > 1)) {
    importanceOf(imatrix, name, ne);
  }
}

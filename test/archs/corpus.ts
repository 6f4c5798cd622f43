import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { KeyValues } from '#src/gguf/key-values.js';
import { openFolder } from '#src/repo/folder.js';
import { SmallFiles } from '#src/repo/small-files.js';
import type { DType } from '#src/tensor/dtype.js';
import type { NamedExpr, SourceExpr } from '#src/tensor/expr.js';

export type ExpectedKeyValue = [key: string, type: string, value: unknown];
export type ExpectedTensor = [name: string, type: string, ne: number[], offset: number, sha256: string];

/** One run of the reference over a repository, and what it wrote. */
export interface Run {
  readonly name: string;
  readonly folder: string;
  readonly args: readonly string[];
  readonly kv: readonly ExpectedKeyValue[];
  readonly tensors: readonly ExpectedTensor[];
}

/** A tensor of a safetensors file. */
export interface SourceTensor extends NamedExpr {
  readonly expr: SourceExpr;
}

export function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** All runs of a folder of cases that made a file. */
export function corpusRuns(corpus: string): Run[] {
  return readdirSync(corpus)
    .filter((name) => existsSync(join(corpus, name, 'case.json')))
    .flatMap((name) => {
      const { repo } = readJson(join(corpus, name, 'case.json')) as { repo: string };
      const expected = join(corpus, name, 'expected');
      return (existsSync(expected) ? readdirSync(expected) : []).flatMap((file) =>
        readRun(`${name}/${basename(file, '.json')}`, join(corpus, name, 'source', repo), join(expected, file)),
      );
    });
}

/** The runs of the models that stand beside the corpus, each in a folder of its own with `NAME.expected` beside it. */
export function modelRuns(models: string): Run[] {
  return readdirSync(models)
    .filter((name) => existsSync(join(models, `${name}.expected`)))
    .flatMap((name) =>
      readdirSync(join(models, `${name}.expected`))
        .filter((file) => file.startsWith('convert-'))
        .flatMap((file) =>
          readRun(`${name}/${basename(file, '.json')}`, join(models, name), join(models, `${name}.expected`, file)),
        ),
    );
}

/** None where the reference made no file. */
export function readRun(name: string, folder: string, expected: string): Run[] {
  const written = readJson(expected) as { args?: string[]; files?: Written[] } & Partial<Written>;
  const files = written.files ?? (written.kv && written.tensors ? [{ kv: written.kv, tensors: written.tensors }] : []);
  const [first] = files;
  return first
    ? [{ name, folder, args: written.args ?? [], kv: first.kv, tensors: files.flatMap((file) => file.tensors) }]
    : [];
}

interface Written {
  readonly kv: ExpectedKeyValue[];
  readonly tensors: ExpectedTensor[];
}

export async function folderFiles(folder: string): Promise<SmallFiles> {
  return new SmallFiles(await openFolder(folder));
}

/** What the headers of a folder's safetensors files say, in the checkpoint's order. */
export async function sourceTensors(folder: string, names = /^model.*\.safetensors$/): Promise<SourceTensor[]> {
  const tensors: SourceTensor[] = [];
  for (const file of readdirSync(folder)
    .filter((name) => names.test(name))
    .sort()) {
    const handle = await open(join(folder, file));
    const length = Number((await handle.read(Buffer.alloc(8), 0, 8, 0)).buffer.readBigUInt64LE());
    const header = (await handle.read(Buffer.alloc(length), 0, length, 8)).buffer.toString();
    await handle.close();
    const entries = JSON.parse(header) as Record<string, { dtype: DType; shape: number[]; data_offsets: number[] }>;
    for (const name of Object.keys(entries).sort()) {
      const entry = entries[name];
      if (entry && name !== '__metadata__') {
        const offset = 8 + length + (entry.data_offsets[0] ?? 0);
        tensors.push({ name, expr: { op: 'source', name, file, offset, dtype: entry.dtype, shape: entry.shape } });
      }
    }
  }
  return tensors;
}

const TYPE_NAMES: Record<string, string> = {
  u32: 'UINT32',
  f32: 'FLOAT32',
  bool: 'BOOL',
  string: 'STRING',
  i32: 'INT32',
};

/** Key-values as the expectations have them. */
export function written(kv: KeyValues): ExpectedKeyValue[] {
  return [...kv.entries()].map(([key, value]) =>
    value.type === 'array'
      ? [key, `ARRAY<${TYPE_NAMES[value.of]}>`, Array.from(value.value, inJson)]
      : [key, String(TYPE_NAMES[value.type]), value.type === 'f32' ? Math.fround(Number(value.value)) : value.value],
  );
}

const inJson = (value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value);

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import { quantize } from '#src/calls/quantize.js';
import { Hf2ggufError } from '#src/errors.js';
import { edit } from '#src/files/edit.js';
import { merge } from '#src/files/merge.js';
import { split } from '#src/files/split.js';
import { imatrix } from '#src/runner/imatrix/imatrix.js';
import { run as runCli } from '../cli/run.js';
import { ggufBytes, type Parts, text, u32 } from '../gguf/byte-file.js';
import { fixtures } from '../paths.js';
import { int32, legacy, legacyEntry, sized } from '../quantize/imatrix/kit.js';

export const tinyVerse = join(fixtures, 'Tiny-Verse-2M');

/** What writes a file, with all that it may read. Small enough to be run a hundred times. */
export interface Operation {
  /** A command and its option. */
  readonly name: string;
  /** The written file's name. */
  readonly file: string;
  /** A file that it replaces without being forced to, if any. */
  readonly earlier: Buffer | null;
  /** Makes what it reads. @returns the paths of files that may not be written to */
  prepare(folder: string): string[];
  /** @param path where it is to write. */
  write(folder: string, path: string, force: boolean): Promise<Outcome>;
}

export interface Outcome {
  readonly code: number | null;
  /** Null where that is not said. */
  readonly replaced: boolean | null;
  readonly message: string;
}

const tensor = (name: string, offset: number) => ({ name, ne: [256, 2], type: 0, offset });

/** A model of two tensors, of an architecture that is not held against a graph. */
export function modelBytes(name = 'model', split?: Parts['kv']): Buffer {
  const tensors = split ? [tensor(name, 0)] : [tensor('blk.0.attn_q.weight', 0), tensor('blk.0.ffn_up.weight', 2048)];
  const kv: Parts['kv'] = [
    ['general.architecture', 8, text('gpt2')],
    ['general.name', 8, text(name)],
    ['gpt2.block_count', 4, u32(1)],
    ...(split ?? []),
  ];
  return ggufBytes({ kv, tensors, dataBytes: tensors.length * 2048 });
}

const u16 = (value: number) => Buffer.from(Uint16Array.of(value).buffer);
const part = (number: number) =>
  modelBytes(`tensor-${number}`, [
    ['split.no', 2, u16(number)],
    ['split.count', 2, u16(2)],
    ['split.tensors.count', 5, u32(2)],
  ]);

const IMATRIX = legacy(
  [legacyEntry('blk.0.ffn_up.weight', 1, ...Array.from({ length: 256 }, () => 1))],
  int32(1),
  sized('a'),
);
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"></svg>');

function files(folder: string, contents: Readonly<Record<string, Buffer | string>>): string[] {
  return Object.entries(contents).map(([name, content]) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  });
}

async function inProcess(events: AsyncGenerator<object, object>): Promise<Outcome> {
  try {
    for (;;) {
      const { done, value } = await events.next();
      if (done) {
        return { code: 0, replaced: replacedOf(value), message: '' };
      }
    }
  } catch (error) {
    if (error instanceof Hf2ggufError) {
      return { code: error.exitCode, replaced: null, message: error.message };
    }
    throw error;
  }
}

function replacedOf(result: object): boolean | null {
  const [file] = 'files' in result && Array.isArray(result.files) ? result.files : [result];
  return file.replaced;
}

async function fromCommandLine(args: readonly string[]): Promise<Outcome> {
  const { code, err } = await runCli(args);
  return { code, replaced: null, message: err };
}

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'convert --out',
    file: 'out.gguf',
    earlier: modelBytes(),
    prepare(folder) {
      cpSync(tinyVerse, join(folder, 'src'), { recursive: true });
      return [
        ...['config.json', 'model.safetensors', 'tokenizer.json'].map((name) => join(folder, 'src', name)),
        ...files(folder, { 'metadata.json': '{}' }),
      ];
    },
    write: (folder, output, force) =>
      inProcess(
        convert({
          source: join(folder, 'src'),
          metadata: join(folder, 'metadata.json'),
          vocabOnly: true,
          output,
          force,
        }),
      ),
  },
  {
    name: 'quantize --out',
    file: 'out.gguf',
    earlier: modelBytes(),
    prepare: (folder) => files(folder, { 'm.gguf': modelBytes(), 'i.dat': IMATRIX, 'types.txt': 'ffn_up=q8_0' }),
    write: (folder, output, force) =>
      inProcess(
        quantize({
          source: join(folder, 'm.gguf'),
          imatrix: join(folder, 'i.dat'),
          tensorTypeFile: join(folder, 'types.txt'),
          quant: 'q8_0',
          output,
          force,
        }),
      ),
  },
  {
    name: 'split OUT',
    file: 'out-00001-of-00002.gguf',
    earlier: modelBytes(),
    prepare: (folder) => files(folder, { 'm.gguf': modelBytes() }),
    write: (folder, path, force) =>
      inProcess(
        split({ source: join(folder, 'm.gguf'), splitMaxTensors: 1, output: path.replace(/-00001-of.*/, ''), force }),
      ),
  },
  {
    name: 'merge OUT',
    file: 'out.gguf',
    earlier: null,
    prepare: (folder) => files(folder, { 'm-00001-of-00002.gguf': part(0), 'm-00002-of-00002.gguf': part(1) }),
    write: (folder, output, force) =>
      inProcess(merge({ source: join(folder, 'm-00001-of-00002.gguf'), output, force })),
  },
  {
    name: 'edit --out',
    file: 'out.gguf',
    earlier: modelBytes(),
    prepare: (folder) => files(folder, { 'm.gguf': modelBytes(), 't.jinja': '{{ messages }}' }),
    write: (folder, output, force) =>
      inProcess(edit({ source: join(folder, 'm.gguf'), chatTemplate: join(folder, 't.jinja'), output, force })),
  },
  {
    name: 'imatrix --out',
    file: 'out.gguf',
    earlier: IMATRIX,
    prepare: (folder) => files(folder, { 'a.dat': IMATRIX, 'b.dat': IMATRIX }),
    write: (folder, output, force) =>
      inProcess(imatrix({ in: [join(folder, 'a.dat'), join(folder, 'b.dat')], output, force })),
  },
  {
    name: 'quantize --stats-plot',
    file: 'out.svg',
    earlier: SVG,
    prepare: (folder) => files(folder, { 'm.gguf': modelBytes() }),
    write: (folder, path, force) => plotted(folder, ['--stats-plot', path], force),
  },
  {
    name: 'convert --check-plot',
    file: 'out.svg',
    earlier: SVG,
    prepare(folder) {
      cpSync(tinyVerse, join(folder, 'src'), { recursive: true });
      return [join(folder, 'src/model.safetensors')];
    },
    write(folder, path, force) {
      const check = ['--check-chunks', '1', '--check-plot', path];
      return fromCommandLine([
        join(folder, 'src'),
        '--out',
        `${folder}/made/`,
        ...check,
        ...(force ? ['--force'] : []),
      ]);
    },
  },
];

function plotted(folder: string, options: readonly string[], force: boolean): Promise<Outcome> {
  const output = join(folder, 'made');
  mkdirSync(output, { recursive: true });
  const args = [join(folder, 'm.gguf'), 'q8_0', '--out', output, ...options];
  return fromCommandLine(['quantize', ...args, ...(force ? ['--force'] : [])]);
}

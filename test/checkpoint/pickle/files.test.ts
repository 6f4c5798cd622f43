import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Checkpoint, openCheckpoint } from '#src/checkpoint/checkpoint.js';
import { openFolder } from '#src/repo/folder.js';
import { SmallFiles } from '#src/repo/small-files.js';
import type { NamedExpr } from '#src/tensor/expr.js';
import { dtypeOf, segments, shapeOf } from '#src/tensor/rows.js';
import { memoryRepo } from '../../memory-repo.js';
import { fixtures } from '../../paths.js';
import { bytesOfExpr } from './evaluate.js';
import {
  call,
  dict,
  global,
  int,
  legacyFile,
  none,
  opcode,
  state,
  storage,
  tensor,
  text,
  tuple,
} from './pickle-writer.js';
import { torchEntries, torchFile, zip } from './zip-writer.js';

type Expected = readonly [name: string, dtype: string, shape: readonly number[], elements: string];

const folder = join(fixtures, 'pickles');
const EXPECTED = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<string, Expected[]>;
const expected = (file: string): Expected[] => EXPECTED[file] ?? [];

const open = (files: Record<string, Uint8Array | string>): Promise<Checkpoint> =>
  openCheckpoint(new SmallFiles(memoryRepo(files)));

function described(tensors: readonly NamedExpr[], read: (file: string) => Uint8Array): Expected[] {
  return tensors.map(({ name, expr }) => {
    const file = segments(expr)[0]?.file;
    const elements = file === undefined ? '' : bytesOfExpr(expr, read(file)).toString('base64');
    return [name, dtypeOf(expr), shapeOf(expr), elements];
  });
}

async function tensorsOf(bytes: Uint8Array): Promise<Expected[]> {
  return described((await open({ 'pytorch_model.bin': bytes })).raw, () => bytes);
}

test.each(['zip.bin', 'protocol-5.bin', 'legacy.bin', 'repacked.bin', 'wrapped.bin'])(
  '%s: the tensors that torch loads, in its order',
  async (name) => {
    expect(await tensorsOf(readFileSync(join(folder, name)))).toEqual(expected(name));
  },
);

test('tensors of several files come file after file, each in its own order', async () => {
  const { raw } = await openCheckpoint(new SmallFiles(await openFolder(join(folder, 'sharded'))));
  const parts = Object.keys(EXPECTED).filter((name) => name.startsWith('sharded/'));
  const read = (file: string) => readFileSync(join(folder, 'sharded', file));
  expect(described(raw, read)).toEqual(parts.flatMap(expected));
  expect(raw.map(({ name }) => name)).toEqual(['z', 'y', 'x', 'a']);
});

test('no storage is read, whatever its size', async () => {
  const large = Buffer.alloc(8 * 2 ** 20);
  const ops = state({ a: tensor({ of: storage({ count: 2 ** 21 }), shape: [2 ** 21], strides: [1] }) });
  for (const bytes of [torchFile(ops, { 0: large }), legacyFile(ops, { 0: large })]) {
    let read = 0;
    const repo = memoryRepo({ 'pytorch_model.bin': bytes });
    const counted = {
      ...repo,
      read: (path: string, offset: number, length: number) => {
        read += length;
        return repo.read(path, offset, length);
      },
    };
    expect((await openCheckpoint(new SmallFiles(counted))).raw).toHaveLength(1);
    expect(read).toBeLessThan(2 ** 20);
  }
});

test('safetensors files are preferred', async () => {
  const json = Buffer.from('{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const { raw } = await open({
    'model.safetensors': Buffer.concat([length, json, Buffer.alloc(4)]),
    'pytorch_model.bin': torchFile(state({ a: tensor() }), { 0: Buffer.alloc(48) }),
  });
  expect(raw.map(({ name }) => name)).toEqual(['b']);
});

const values = Buffer.from(Float32Array.from({ length: 12 }, (_, i) => i).buffer);
const floats = (...list: readonly number[]) => Buffer.from(Float32Array.from(list).buffer).toString('base64');

test('a part of a storage, as old files have it', async () => {
  const part = tuple(text('7'), int(4), int(6));
  const ops = state({
    a: tensor({ of: storage({ part }), shape: [2, 2], strides: [3, 1], offset: 1 }),
    b: tensor({ of: storage({ part: none }) }),
  });
  const [a, b] = await tensorsOf(legacyFile(ops, { 0: values }));
  expect(a).toEqual(['a', 'F32', [2, 2], floats(5, 6, 8, 9)]);
  expect(b?.[3]).toEqual(values.toString('base64'));
});

test('pickles that are longer than what is read at first', async () => {
  const names = Array.from({ length: 3000 }, (_, i) => `layers.${i}.weight`);
  const ops = state(Object.fromEntries(names.map((name) => [name, tensor({ of: storage({ part: none }) })])));
  const tensors = await tensorsOf(legacyFile(ops, { 0: values }));
  expect(tensors.map(([name]) => name)).toEqual(names);
});

test('the older function for tensors, and a dictionary that is built one by one', async () => {
  const old = call('torch._utils._rebuild_tensor', storage(), int(2), tuple(int(3)), tuple(int(1)));
  const ops = [...call('collections.OrderedDict'), ...text('a'), ...old, opcode('s')];
  expect(await tensorsOf(torchFile(ops, { 0: values }))).toEqual([['a', 'F32', [3], floats(2, 3, 4)]]);
});

test('a name that is set again keeps its place, and has the last value', async () => {
  const scalar = (offset: number) => tensor({ offset, shape: [], strides: [] });
  const ops = dict([text('a'), scalar(1)], [text('b'), scalar(2)], [text('a'), scalar(3)]);
  expect(await tensorsOf(torchFile(ops, { 0: values }))).toEqual([
    ['a', 'F32', [], floats(3)],
    ['b', 'F32', [], floats(2)],
  ]);
});

test('local headers have extra fields of their own, and zip64 records may lead to the directory', async () => {
  const entries = torchEntries(state({ a: tensor() }), { 0: values }).map((entry, i) => {
    return { ...entry, extra: Buffer.alloc(4 + 11 * i) };
  });
  const end = [
    [8, 2, 0xffff],
    [10, 2, 0xffff],
    [12, 4, 0xffffffff],
    [16, 4, 0xffffffff],
  ] as const;
  const bytes = zip({ entries, zip64: true, end, comment: Buffer.from('a comment') });
  expect(await tensorsOf(bytes)).toEqual([['a', 'F32', [3, 4], values.toString('base64')]]);
});

test('sizes and places of entries may be in zip64 fields, as those beyond 4 GiB are', async () => {
  const entries = torchEntries(state({ a: tensor() }), { 0: values }).map((entry) => ({ ...entry, isLarge: true }));
  expect(await tensorsOf(zip({ entries, zip64: true }))).toEqual([['a', 'F32', [3, 4], values.toString('base64')]]);
});

test('dtypes and classes are values of no interest elsewhere', async () => {
  const ops = dict([text('dtype'), global('torch.bfloat16')], [text('a'), tensor()], [int(1), none]);
  expect((await tensorsOf(torchFile(ops, { 0: values }))).map(([name]) => name)).toEqual(['a']);
});

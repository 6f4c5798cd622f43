import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Architecture, Probe } from '#src/archs/architecture.js';
import { qwen3 } from '#src/archs/families/qwen.js';
import { mapTensors } from '#src/archs/map-tensors.js';
import { writeKeys } from '#src/archs/write-keys.js';
import { loadConfig } from '#src/config/load-config.js';
import { KeyValues } from '#src/gguf/key-values.js';
import type { Probed } from '#src/language/value.js';
import { readProbes } from '#src/plan/read-probes.js';
import { openFolder } from '#src/repo/folder.js';
import { sourceTensors } from '../archs/corpus.js';
import { known } from '../archs/known.js';
import { encode, type StoredTensor } from '../loading/safetensors.js';
import { tempFolder } from '../temp.js';

/** What planning asks of the weights: here of tensors that the test wrote. */

const f32 = (values: number[], shape = [values.length]): StoredTensor => ({
  dtype: 'F32',
  shape,
  bytes: Buffer.from(Float32Array.from(values).buffer),
});
const f16 = (bits: number[]): StoredTensor => ({
  dtype: 'F16',
  shape: [bits.length],
  bytes: Buffer.from(Uint16Array.from(bits).buffer),
});

/** A million values, of which the last may differ from the first ones. */
const many = (last: number) => f32([...Array.from({ length: 999_999 }, (_, i) => i % 7), last], [1000, 1000]);

const TENSORS: Readonly<Record<string, StoredTensor>> = {
  'slope.0': f32([1.5]),
  'slope.1': f32([-2.5]),
  half: f16([0x3c00, 0x4000]),
  zeros: f32([0, -0, 0]),
  rows: f32([0, 0, 0, -0, 0, 1e-30, 0, 0], [4, 2]),
  tiny: f32([0, 1e-45, 0]),
  nan: f32([0, Number.NaN]),
  embedding: many(3),
  head: many(3),
  'other-head': many(3.0000002),
  'wider-head': f32([1, 2, 3, 4]),
};

const config = loadConfig({ architectures: ['Qwen3ForCausalLM'], num_hidden_layers: 2, layer_list: [3, -1] });

async function probe(probes: readonly Probe[], maxMemory = 2 ** 22, jobs = 2): Promise<ReadonlyMap<string, Probed>> {
  const folder = tempFolder();
  writeFileSync(join(folder, 'model.safetensors'), encode(new Map(Object.entries(TENSORS))));
  const repo = await openFolder(folder);
  const architecture: Architecture = { ...qwen3, probes };
  return readProbes(architecture, await sourceTensors(folder), {
    repo,
    known: known(config),
    params: { jobs, maxMemory },
  });
}

test.each([
  [2 ** 22, 2],
  [2 ** 26, 1],
])('all are found in one batch, with %i bytes and %i threads', async (maxMemory, jobs) => {
  const found = await probe(
    [
      { id: 'slopes', want: 'values', of: ['slope.{b}'] },
      { id: 'halves', want: 'values', of: ['half'] },
      { id: 'zeros', want: 'zero', of: ['zeros'] },
      { id: 'tiny', want: 'zero', of: ['tiny'] },
      { id: 'nan', want: 'zero', of: ['nan'] },
      { id: 'tied', want: 'equal', of: ['embedding', 'head'] },
      { id: 'untied', want: 'equal', of: ['embedding', 'other-head'] },
      { id: 'wider', want: 'equal', of: ['embedding', 'wider-head'] },
      { id: 'missing', want: 'equal', of: ['embedding', 'no-head'] },
    ],
    maxMemory,
    jobs,
  );
  expect(Object.fromEntries(found)).toEqual({
    ...{ slopes: [1.5, -2.5], halves: [1, 2] },
    ...{ zeros: true, tiny: false, nan: false },
    ...{ tied: true, untied: false, wider: false },
  });
});

test('a probe of too many values', async () => {
  const all = [...Array(2)].flatMap(() => ['embedding']);
  await expect(probe([{ id: 'all', want: 'values', of: all }])).rejects.toThrow(/2000000 values of the weights/);
});

test('keys, rules and conditions ask for them', async () => {
  const found = new Map<string, Probed>([
    ['slopes', [1.5, -2.5]],
    ['tied', true],
  ]);
  const all = { ...known(config), probes: found };
  const architecture: Architecture = {
    ...qwen3,
    keys: [
      ['{arch}.slopes', 'f32[]', { probe: 'slopes' }],
      ['{arch}.first_slope', 'f32', { probe: 'slopes' }],
      ['{arch}.nothing', 'f32', { probe: 'nothing' }],
      ['{arch}.tied', 'bool', { probe: 'tied' }],
      ['{arch}.layers', 'i32[]', { fields: ['layer_list'] }],
      ['{arch}.untied', 'bool', { value: true }, { probe: 'tied', is: false }],
    ],
    tensors: [
      { from: ['head'], to: 'output.weight', when: { probe: 'tied', is: false } },
      { from: ['head'], when: { probe: 'tied', is: true } },
    ],
  };
  const kv = new KeyValues();
  await writeKeys(architecture, all, kv);
  expect(Object.fromEntries(kv.entries())).toEqual({
    'qwen3.slopes': { type: 'array', of: 'f32', value: [1.5, -2.5] },
    'qwen3.first_slope': { type: 'f32', value: 1.5 },
    'qwen3.tied': { type: 'bool', value: true },
    'qwen3.layers': { type: 'array', of: 'i32', value: [3, -1] },
  });
  const head = { op: 'source', name: 'head', file: 'f', offset: 0, dtype: 'F32', shape: [1] } as const;
  const names = (probes: ReadonlyMap<string, Probed>) =>
    mapTensors(architecture, { ...all, probes }, [{ name: 'head', expr: head }]).map(({ name }) => name);
  expect(names(found)).toEqual([]);
  expect(names(new Map([['tied', false]]))).toEqual(['output.weight']);
});

test('a transform takes what a probe found', () => {
  const rule = { from: ['head'], to: 'output.weight', via: [['mul', 'slopes']] } as const;
  const head = { op: 'source', name: 'head', file: 'f', offset: 0, dtype: 'F32', shape: [1] } as const;
  const probes = new Map<string, Probed>([['slopes', [1.5, -2.5]]]);
  const architecture: Architecture = { ...qwen3, tensors: [rule] };
  const [tensor] = mapTensors(architecture, { ...known(config), probes }, [{ name: 'head', expr: head }]);
  expect(tensor?.expr).toMatchObject({ op: 'mul', left: head, right: { op: 'fill', value: 1.5 } });
});

test('rows of zeros, from a number on', async () => {
  const rows = async (from: number) =>
    (await probe([{ id: 'empty', want: 'zero-rows', of: ['rows'], from: { value: from } }])).get('empty');
  expect(await rows(0)).toEqual([0, 1, 3]);
  expect(await rows(1)).toEqual([1, 3]);
  expect(await rows(4)).toEqual([]);
  const unknown = await probe([{ id: 'empty', want: 'zero-rows', of: ['rows'], from: { fields: ['no_field'] } }]);
  expect(unknown.get('empty')).toEqual([]);
});

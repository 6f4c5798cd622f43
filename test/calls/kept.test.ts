import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { ConvertEvent, ConvertParams } from '#src/index.js';
import {
  convert,
  imatrix,
  plan,
  planQuantize,
  SensitivitiesFileError,
  SensitivitiesMismatchError,
} from '#src/index.js';
import { run } from '../cli/run.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { sha256 } from './records.js';

const source = join(fixtures, 'Tiny-Verse-2M');
const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-test-'));
const [text, matrix, costs] = ['text.txt', 'imatrix.gguf', 'costs.json'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
const events: ConvertEvent[] = [];
const kept = { targetBpw: [4.5, 5, 4.5], imatrix: matrix, sensitivities: costs } as const;

beforeAll(async () => {
  const { text: some } = JSON.parse(readFileSync(join(fixtures, 'Tiny-Verse-2M.expected/imatrix.json'), 'utf8'));
  writeFileSync(text, Array(3).fill(some).join('\n'));
  const measured = { imatrix: 'auto', imatrixText: text, imatrixOut: matrix, sensitivitiesOut: costs } as const;
  for await (const event of convert({ source, targetBpw: [4.5, 5], ...measured, output: join(folder, 'first/') })) {
    events.push(event);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

test('several sizes: a file each, from one measurement', () => {
  expect(readdirSync(join(folder, 'first'))).toEqual(['Tiny-Verse-2M-4.5BPW.gguf', 'Tiny-Verse-2M-5BPW.gguf']);
  const phases = events.flatMap((event) => (event.event === 'phase' ? event.phase : []));
  for (const phase of ['collect', 'sensitivity', 'measure']) {
    expect(phases.filter((each) => each === phase)).toHaveLength(1);
  }
  const result = events.find((event) => event.event === 'done')?.result;
  for (const { size, type } of result?.files ?? []) {
    expect(type).toMatch(/bpw$/);
    expect((size * 8) / 1_996_416).toBeLessThan(Number.parseFloat(type ?? '') * 1.06);
  }
});

test('what was computed is kept, and said', () => {
  expect(events.filter(({ event }) => event === 'kept')).toEqual([
    { event: 'kept', what: 'imatrix', path: matrix, size: readFileSync(matrix).length },
    { event: 'kept', what: 'sensitivities', path: costs, size: readFileSync(costs).length },
  ]);
});

test('the importance matrix is the one that the command for it writes', async () => {
  const output = join(tempFolder(), 'own.gguf');
  await imatrix({ source, text, output });
  expect(sha256(output)).toBe(sha256(matrix));
});

test('given again: the same files, and nothing is measured but what each type loses', async () => {
  const output = tempFolder();
  const phases: string[] = [];
  const call = convert({ source, ...kept, output });
  for await (const event of call) {
    if (event.event === 'phase') {
      phases.push(event.phase);
    }
    expect(event.event === 'warning' ? event.what : '').not.toMatch(/importance matrix/);
  }
  expect(phases).not.toContain('collect');
  expect(phases).not.toContain('sensitivity');
  const { files } = await call;
  expect(files).toHaveLength(2);
  for (const { path } of files) {
    expect(sha256(path)).toBe(sha256(join(folder, 'first', basename(path))));
  }
});

test('a plan keeps nothing', async () => {
  const [imatrixOut, sensitivitiesOut] = [join(tempFolder(), 'a'), join(tempFolder(), 'b')];
  const params = { source, targetBpw: 4.5, imatrix: 'auto', imatrixText: text, imatrixOut, sensitivitiesOut };
  await plan(params);
  expect(() => readFileSync(imatrixOut)).toThrow('ENOENT');
  expect(() => readFileSync(sensitivitiesOut)).toThrow('ENOENT');
});

describe('sensitivities that do not fit', () => {
  type File = { version: unknown; tensors: Record<string, Record<string, unknown>> };
  const changed = (change: (file: File) => void): string => {
    const file = JSON.parse(readFileSync(costs, 'utf8')) as File;
    change(file);
    const path = join(tempFolder(), 'costs.json');
    writeFileSync(path, JSON.stringify(file));
    return path;
  };
  const name = 'blk.1.ffn_up.weight';
  const set = (field: string, value: unknown) => () =>
    changed(({ tensors }) => {
      tensors[name] = { ...tensors[name], [field]: value };
    });

  test.each<[string, () => string, RegExp]>([
    ['a tensor of another shape', set('ne', [64, 64]), /blk\.1\.ffn_up\.weight is 64 × 64 there, and \d+ × \d+ in/],
    ['a tensor too few', () => changed(({ tensors }) => delete tensors[name]), /they have none for blk\.1\.ffn_up/],
    [
      'a tensor too many',
      () => changed(({ tensors }) => Object.assign(tensors, { other: tensors[name] })),
      /other is .* there, and not in the model/,
    ],
  ])('%s', async (_, file, message) => {
    const refused = plan({ source, ...kept, sensitivities: file() });
    await expect(refused).rejects.toThrow(SensitivitiesMismatchError);
    await expect(refused).rejects.toThrow(message);
  });

  test.each<[string, () => string, RegExp]>([
    ['no JSON', () => text, /it is no JSON/],
    ['other JSON', () => join(source, 'config.json'), /it has no "format"/],
    [
      'a later version',
      () => changed((file) => Object.assign(file, { version: 2 })),
      /its version is 2, and 1 is read/,
    ],
    ['a shape that is none', set('ne', [0]), /the ne of "blk\.1\.ffn_up\.weight" is not a shape/],
    ['a cost that is none', set('usual', '1'), /the usual of .* is not a number from 0 on/],
    ['a negative cost', set('usual', -1), /the usual of/],
    ['a type that is none', set('byType', { toString: 1 }), /the byType of/],
    [
      'a tensor that is none',
      () => changed(({ tensors }) => Object.assign(tensors, { other: null })),
      /the ne of "other"/,
    ],
  ])('a file with %s', async (_, file, message) => {
    const refused = plan({ source, ...kept, sensitivities: file() });
    await expect(refused).rejects.toThrow(SensitivitiesFileError);
    await expect(refused).rejects.toThrow(message);
  });

  test('another importance matrix than they were measured with: a warning, with strict an error', async () => {
    const { imatrix: _, ...without } = kept;
    const said: string[] = [];
    await plan({ source, ...without }, (event) => event.event === 'warning' && said.push(event.what));
    expect(said.join()).toMatch(/measured with another importance matrix/);
    await expect(plan({ source, ...without, strict: true })).rejects.toThrow(/measured with another importance matrix/);
  });
});

test.each<[string, Partial<ConvertParams>, RegExp]>([
  ['no matrix to keep', { quant: 'q8_0', imatrixOut: 'x' }, /--imatrix-out has no effect without --imatrix auto/],
  ['no measurement to keep', { quant: 'q8_0', sensitivitiesOut: 'x' }, /--sensitivities-out has no effect without a/],
  ['nothing to choose', { quant: 'q8_0', sensitivities: 'x' }, /--sensitivities has no effect without a target size/],
  ['both', { targetBpw: 4, sensitivities: 'x', sensitivitiesOut: 'y' }, /are both given/],
])('%s: refused before anything is opened', async (_, params, message) => {
  await expect(plan({ source: './nowhere', ...params })).rejects.toThrow(message);
  await expect(planQuantize({ source: './nowhere', quant: 'q8_0', ...params })).rejects.toThrow(message);
});

test('the command: sizes separated by commas, names by the type', async () => {
  const out = tempFolder();
  const given = ['--imatrix', matrix, '--sensitivities', costs, '--out', join(out, 'm-{type}.gguf')];
  const done = await run([source, '--target-bpw', '4.5,5', ...given]);
  expect(done.err).not.toMatch(/Measuring how much/);
  expect(readdirSync(out)).toEqual(['m-4.5bpw.gguf', 'm-5bpw.gguf']);
  const sizes = await run([source, '--target-size', '1.2M,1.3M', '--dry-run', ...given]);
  expect(sizes.out).toMatch(/1\.2M[\s\S]*1\.3M/);
  expect((await run([source, '--target-bpw', '4.5,x', ...given])).code).toBe(2);
  expect((await run([source, '--target-bpw', '4,5', ...given.slice(0, 4), '--out', 'x.gguf'])).code).toBe(2);
});

test('the sensitivities that are given are not written to, forced or not', async () => {
  const before = sha256(costs);
  for (const force of [false, true]) {
    const params = {
      source,
      ...kept,
      imatrixText: text,
      imatrix: 'auto',
      imatrixOut: costs,
      force,
    } as const;
    await expect(convert({ ...params, output: tempFolder() })).rejects.toMatchObject({
      name: 'OverwriteError',
      exitCode: 2,
    });
  }
  expect(sha256(costs)).toBe(before);
});

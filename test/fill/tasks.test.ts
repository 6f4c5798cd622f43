import { leastMemory } from '#src/fill/least-memory.js';
import { MemoryFiles } from '#src/fill/sink.js';
import { makeTasks, type Task } from '#src/fill/tasks.js';
import { type WantedTensor, wantedTensors } from '#src/fill/wanted.js';
import { headerOf } from '#src/layout/layout.js';
import { tensorKernels } from '#src/quantize/tensor-kernels.js';
import { slice, stack, transpose } from '#src/tensor/build.js';
import type { TensorExpr } from '#src/tensor/expr.js';
import type { Segment } from '#src/tensor/operator.js';
import { segments } from '#src/tensor/rows.js';
import { Dice } from '../fuzz/dice.js';
import { tempFolder } from '../temp.js';
import { fillWatched, plannedFile, type RandomPlan, randomPlan, repoOf, ScratchFiles } from './plans.js';

/** Properties of the work of filling, on random plans. */

const PLANS = 150;
const FILLED_PLANS = 25;
const LARGE = 2 ** 24;

function forEach(check: (plan: RandomPlan, dice: Dice) => void): void {
  for (let i = 0; i < PLANS; i++) {
    const dice = new Dice(7, i);
    const plan = randomPlan(dice);
    try {
      check(plan, dice);
    } catch (cause) {
      throw new Error(`Plan ${i}: ${JSON.stringify(plan.made.map(({ expr }) => expr))}`, { cause });
    }
  }
}

/** No file is looked at: a folder's name is enough for the sources to be local. */
function tasksOf({ planned, files }: RandomPlan, share: number, isLocal: boolean): [WantedTensor[], Task[]] {
  const tensors = wantedTensors(planned, repoOf(files, isLocal ? '' : undefined));
  return [tensors, [...makeTasks(tensors, { share, most: LARGE })]];
}

/** How often each byte of the sources is in a segment. */
function counts(of: readonly Segment[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { file, offset, length, count, stride } of of) {
    for (let i = 0; i < count * length; i++) {
      const key = `${file}:${offset + Math.floor(i / length) * stride + (i % length)}`;
      found.set(key, (found.get(key) ?? 0) + 1);
    }
  }
  return found;
}

/** Whether rows of an expression share no bytes of its sources: nothing is repeated, and nothing needs other rows. */
function isOneToOne(expr: TensorExpr): boolean {
  switch (expr.op) {
    case 'source':
      return true;
    case 'view':
      return expr.of.op === 'source' && expr.axes.every(([, stride]) => stride > 0);
    case 'concat':
      return expr.of.every(isOneToOne);
    case 'add':
    case 'sub':
    case 'mul':
      return [expr.left, expr.right].every((side) => side.op === 'fill' || isOneToOne(side));
    case 'apply':
    case 'cast':
      return isOneToOne(expr.of);
    default:
      return false;
  }
}

test.each([true, false])('each row of each tensor goes to its place once (local: %p)', (isLocal) => {
  forEach((plan, dice) => {
    const [, tasks] = tasksOf(plan, 64 * (1 + dice.below(64)), isLocal);
    const ranges = plan.planned.map((): [number, number][] => []);
    for (const { from, to, destinations } of tasks.flatMap(({ pieces }) => pieces)) {
      for (const { file, position, rowBytes } of destinations) {
        ranges[file]?.push([position, position + (to - from) * rowBytes]);
      }
    }
    for (const [file, { tensors, headerSize }] of plan.planned.entries()) {
      const own = (ranges[file] ?? []).sort(([a], [b]) => a - b);
      for (const { offset, size } of tensors) {
        let at = headerSize + offset;
        while (at < headerSize + offset + size) {
          const [from, to] = own.shift() ?? [-1, -1];
          expect(from).toBe(at);
          at = to;
        }
        expect(at).toBe(headerSize + offset + size);
      }
      expect(own).toEqual([]);
    }
  });
});

test('each byte of the sources is wanted by one piece, however the rows are cut', () => {
  let checked = 0;
  forEach((plan, dice) => {
    const [tensors, tasks] = tasksOf(plan, 64 * (1 + dice.below(16)), true);
    for (const { expr, destinations } of tensors.filter((tensor) => isOneToOne(tensor.expr))) {
      const own = tasks
        .flatMap(({ pieces }) => pieces)
        .filter((piece) => piece.destinations[0]?.tensor === destinations[0]?.tensor);
      expect(counts(own.flatMap((piece) => segments(piece.expr)))).toEqual(counts(segments(expr)));
      checked += own.length > 1 ? 1 : 0;
    }
  });
  expect(checked).toBeGreaterThan(PLANS / 2);
});

test.each([true, false])(
  'a task takes no more than its share, unless it is the smallest piece (local: %p)',
  (isLocal) => {
    let alone = 0;
    forEach((plan, dice) => {
      const share = 64 * (1 + dice.below(64));
      const [tensors, tasks] = tasksOf(plan, share, isLocal);
      for (const { memory, pieces } of tasks.filter((task) => task.memory > share)) {
        expect(pieces).toHaveLength(1);
        const [{ from, to, destinations } = { from: 0, to: 0, destinations: [] }] = pieces;
        const own = tensors.find((tensor) => tensor.destinations[0]?.tensor === destinations[0]?.tensor);
        expect(to - from).toBeLessThanOrEqual(isLocal ? 1 : (own?.grain ?? 0));
        expect(memory).toBeGreaterThan(share);
        alone++;
      }
    });
    expect(alone).toBeGreaterThan(0);
  },
);

test('tensors come in the order of the source, small neighbours in one task', () => {
  const source = (i: number): TensorExpr => ({
    ...{ op: 'source', name: `${i}`, file: i < 5 ? 'a' : 'b', offset: (i % 5) * 4096, dtype: 'F32', shape: [16, 64] },
  });
  const shuffled = [7, 2, 9, 0, 4, 1, 8, 3, 6, 5].map((i) => ({ name: `${i}`, expr: source(i) }));
  const tensors = wantedTensors([plannedFile(shuffled, 'F16')], repoOf(new Map(), ''));
  expect(tensors.map(({ destinations: [first] }) => first?.tensor)).toEqual([...'0123456789']);
  const tasks = [...makeTasks(tensors, { share: LARGE, most: LARGE })];
  expect(tasks.map(({ reads }) => reads.map(({ file, offset, length }) => [file, offset, length]))).toEqual([
    [
      ['a', 0, 5 * 4096],
      ['b', 0, 5 * 4096],
    ],
  ]);
});

test('where rows of several tensors take turns in a file, it is read from its start to its end', () => {
  // Four experts, each with a gate, an up and a down matrix behind each other.
  const matrix = (expert: number, kind: number): TensorExpr => ({
    ...{ op: 'source', name: `${expert} ${kind}`, file: 'a', offset: (3 * expert + kind) * 2 ** 16, dtype: 'F32' },
    shape: [256, 64],
  });
  const stacked = (kind: number) => stack([0, 1, 2, 3].map((expert) => matrix(expert, kind)));
  const planned = plannedFile(
    [0, 1, 2].map((kind) => ({ name: `${kind}`, expr: stacked(kind) })),
    'F16',
  );
  const tensors = wantedTensors([planned], repoOf(new Map(), undefined));
  const reads = [...makeTasks(tensors, { share: 2 ** 16, most: LARGE })].flatMap(({ reads }) => reads);
  expect(reads.length).toBeGreaterThan(12);
  let at = 0;
  for (const { offset, length } of reads) {
    expect(offset).toBe(at);
    at += length;
  }
  expect(at).toBe(12 * 2 ** 16);
});

test('the bytes are those of the values, whatever the jobs, the memory and the way to the source', async () => {
  for (let i = 0; i < FILLED_PLANS; i++) {
    const { planned, files, made } = randomPlan(new Dice(8, i));
    const folder = tempFolder();
    const results: Buffer[][] = [];
    for (const repo of [repoOf(files, folder), repoOf(files)]) {
      const least = leastMemory(wantedTensors(planned, repo), LARGE);
      for (const [jobs, memory] of [
        [1, least],
        [3, 2 * least],
        [2, LARGE],
      ] as const) {
        const sink = new ScratchFiles(folder, planned);
        const { peak, blocks } = await fillWatched(planned, repo, sink, { jobs, memory });
        expect(peak).toBeLessThanOrEqual(memory);
        expect(blocks).toBeLessThanOrEqual(memory);
        results.push(sink.contents());
      }
    }
    for (const result of results.slice(1)) {
      expect(result).toEqual(results[0]);
    }
    for (const [file, { tensors, headerSize }] of planned.entries()) {
      for (const { name, offset, size, type } of tensors.filter((tensor) => tensor.type === 'F32')) {
        const bytes = results[0]?.[file]?.subarray(headerSize + offset, headerSize + offset + size) ?? [];
        expect([type, ...new Float32Array(Uint8Array.from(bytes).buffer)]).toEqual([
          type,
          ...(made[Number(name.slice(1))]?.naive.values ?? []),
        ]);
      }
    }
    const memory = new MemoryFiles(planned.map((file) => ({ path: '', size: file.size, header: headerOf(file) })));
    await fillWatched(planned, repoOf(files), memory, { jobs: 2, memory: LARGE });
    for (const [file, { headerSize }] of planned.entries()) {
      expect(Buffer.from(memory.files[file]?.subarray(headerSize) ?? [])).toEqual(
        results[0]?.[file]?.subarray(headerSize),
      );
    }
  }
});

test('two files may have different tensors under one name', async () => {
  const [first, second] = [1, 2].map((value): TensorExpr => {
    return { op: 'constant', dtype: 'F32', shape: [2], values: [value, value] };
  }) as [TensorExpr, TensorExpr];
  const planned = [first, second, first].map((expr) => plannedFile([{ name: 'weight', expr }], 'F32'));
  const sink = new ScratchFiles(tempFolder(), planned);
  await fillWatched(planned, repoOf(new Map()), sink, { jobs: 1, memory: LARGE });
  const values = sink.contents().map((bytes, i) => bytes.readFloatLE(planned[i]?.headerSize));
  expect(values).toEqual([1, 2, 1]);
});

describe('a transposed matrix that does not fit', () => {
  const [rows, columns] = [64, 512];
  const values = Float32Array.from({ length: rows * columns }, (_, i) => i);
  const files = new Map([['matrix', values]]);
  const expr = transpose(
    { op: 'source', name: 'w', file: 'matrix', offset: 0, dtype: 'F32', shape: [rows, columns] },
    0,
    1,
  );
  const planned = [plannedFile([{ name: 'w', expr }], 'F32')];
  /** A third of what all of it takes: read, and turned. */
  const memory = Math.floor((2 * values.byteLength) / 3);

  test('is read by columns from a local file: each byte once, as many columns at a time as fit', async () => {
    const folder = tempFolder();
    const repo = repoOf(files, folder);
    const tasks = [...makeTasks(wantedTensors(planned, repo), { share: memory, most: memory })];
    expect(tasks.length).toBe(4);
    expect(tasks.reduce((sum, { readBytes }) => sum + readBytes, 0)).toBe(values.byteLength);
    expect(Math.max(...tasks.map((task) => task.memory))).toBeLessThanOrEqual(memory);
    const sink = new ScratchFiles(folder, planned);
    await fillWatched(planned, repo, sink, { jobs: 2, memory });
    const bytes = Uint8Array.from(sink.contents()[0]?.subarray(planned[0]?.headerSize) ?? []);
    const expected = Array.from({ length: rows * columns }, (_, i) => (i % rows) * columns + Math.floor(i / rows));
    expect([...new Float32Array(bytes.buffer)]).toEqual(expected);
  });

  test('is refused from the Hub, where columns cannot be asked for', () => {
    const tensors = wantedTensors(planned, repoOf(files));
    expect(() => leastMemory(tensors, memory)).toThrow(
      expect.objectContaining({
        name: 'MemoryLimitError',
        message: expect.stringMatching(
          `tensor w takes ${2 * values.byteLength} bytes .* ${2 * values.byteLength} or more`,
        ),
      }),
    );
    expect(leastMemory(tensors, 2 * values.byteLength)).toBe(2 * values.byteLength);
  });
});

describe('transposed matrices of several MiB', () => {
  const [experts, width, size] = [2, 384, 1024];
  // Two experts' gates and ups side by side, and their downs. Float16 has all values.
  const count = experts * width * 2 * size;
  const files = new Map(
    ['gates and ups', 'downs'].map((name, i) => [
      name,
      Float32Array.from({ length: count }, (_, at) => (at * (7919 + i)) % 2039),
    ]),
  );
  const source = (file: string, shape: number[]): TensorExpr => {
    return { op: 'source', name: file, file, offset: 0, dtype: 'F32', shape };
  };
  const both = source('gates and ups', [experts, width, 2 * size]);
  const planned = [
    plannedFile(
      [
        { name: 'gate', expr: transpose(slice(both, 2, 0, size), 1, 2) },
        { name: 'up', expr: transpose(slice(both, 2, size, 2 * size), 1, 2) },
        { name: 'down', expr: transpose(source('downs', [experts, 2 * size, width]), 1, 2) },
      ],
      'F16',
    ),
  ];
  const expected = (file: string, rows: number, columns: number, all: number, first: number) =>
    Array.from({ length: experts * rows * columns }, (_, i) => {
      const [expert, row, column] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
      return files.get(file)?.[(expert * columns + column) * all + first + row];
    });
  const bytes = 4 * 2 * count;
  /** All of an expert's rows would take 4.5 MiB beside what is read. */
  const strip = 3.5 * 2 ** 20;

  test.each([
    ['of this machine', true, LARGE],
    ['of this machine, in little memory', true, 2 ** 20],
    ['of the Hub', false, LARGE],
  ])('%s: each byte is read once, and few of them are turned together', async (_, isLocal, memory) => {
    const folder = tempFolder();
    const repo = repoOf(files, isLocal ? folder : undefined);
    const tasks = [...makeTasks(wantedTensors(planned, repo), { share: memory, most: memory })];
    expect(tasks.reduce((sum, { readBytes }) => sum + readBytes, 0)).toBe(bytes);
    for (const task of tasks) {
      expect(task.memory).toBeLessThanOrEqual(Math.min(memory, task.readBytes + strip));
    }
    const sink = new ScratchFiles(folder, planned);
    await fillWatched(planned, repo, sink, { jobs: 2, memory });
    const written = sink.contents()[0] as Buffer;
    const { tensors, headerSize } = planned[0] as (typeof planned)[0];
    const values = tensors.map(({ offset, size: length }) => {
      const halves = written.subarray(headerSize + offset, headerSize + offset + length);
      const floats = new Uint8Array(2 * length);
      tensorKernels.cast(halves, 'F16', floats, 'F32');
      return new Float32Array(floats.buffer);
    });
    const wanted = [
      expected('gates and ups', size, width, 2 * size, 0),
      expected('gates and ups', size, width, 2 * size, size),
      expected('downs', width, 2 * size, width, 0),
    ];
    for (const [i, tensor] of wanted.entries()) {
      expect(tensor.findIndex((value, at) => value !== values[i]?.[at])).toBe(-1);
      expect(values[i]).toHaveLength(tensor.length);
    }
  });
});

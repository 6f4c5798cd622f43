import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GraphOperator } from '#src/graphs/operators/table.js';
import type { WeightTensor } from '#src/graphs/weight-tensor.js';
import { availableTargets } from '#src/quantize/native.js';
import { type EngineOptions, GraphError, openEngine, UnknownTokenError, WeightsFileError } from '#src/runner/engine.js';
import { tempFolder } from '../temp.js';
import { distance, plainLogits, productCases, ROPES } from './cases.js';
import { runPlainly } from './plain.js';
import { logits, PLAIN_ROPE, rowsOf, type Tiny, tinyLlama, tinyProduct } from './tiny.js';

const TOKENS = Int32Array.from({ length: 37 }, (_, i) => (i * 7 + 3) % 45);
const LONG = Int32Array.from({ length: 700 }, (_, i) => (i * i + 3) % 45);

/** The logits of all tokens, in runs of `step`. */
async function logitsOf(model: Tiny, tokens: Int32Array, options: Partial<EngineOptions> = {}, step = tokens.length) {
  const engine = openEngine(model.graph, model.tensors, { contextLength: tokens.length, threads: 2, ...options });
  const all: number[] = [];
  for (let past = 0; past < tokens.length; past += step) {
    const [logits] = await engine.run(tokens.subarray(past, past + step), past, 0);
    all.push(...logits);
  }
  engine.close();
  return Float32Array.from(all);
}

describe.each(availableTargets())('%s', (on) => {
  test.each(Object.entries(ROPES))(
    'a graph of all operators gives what their formulas give: rope %s',
    async (_, turn) => {
      const model = tinyLlama(turn);
      expect(distance(await logitsOf(model, TOKENS, { on }), plainLogits(model, TOKENS))).toBeLessThan(1e-5);
    },
  );

  test.each(productCases())(
    'a product with %s weights of %d columns, the same bits in every batch',
    async (type, columns) => {
      const model = tinyProduct(type, columns);
      const together = await logitsOf(model, TOKENS, { on });
      expect(distance(together, plainLogits(model, TOKENS))).toBeLessThan(1e-5);
      for (const step of [1, 2, 5, 8, 9]) {
        expect(await logitsOf(model, TOKENS, { on }, step)).toEqual(together);
      }
    },
  );
});

test('a token gives the same bits alone, in any batch and on any number of threads', async () => {
  const model = tinyLlama();
  const expected = await logitsOf(model, LONG, { threads: 1 });
  for (const [threads, step] of [
    [1, 1],
    [2, 5],
    [5, 13],
    [9, LONG.length],
  ] as const) {
    expect(await logitsOf(model, LONG, { threads }, step)).toEqual(expected);
  }
});

test('logits are those of the tokens that are asked for, and a shorter text may follow a longer one', async () => {
  const model = tinyLlama();
  const engine = openEngine(model.graph, model.tensors, { contextLength: LONG.length, threads: 2 });
  const run = async (tokens: Int32Array, past: number, from: number) => (await engine.run(tokens, past, from))[0];
  const whole = (await run(LONG, 0, 0)).slice();
  for (const from of [0, 1, 511, 512, 513, 699, 700]) {
    expect(await run(LONG, 0, from)).toEqual(whole.subarray(from * 45));
  }
  // Nothing was asked of the first ones, but they are there for those that follow.
  await engine.run(LONG.subarray(0, 600), 0, 600);
  expect(await run(LONG.subarray(600), 600, 0)).toEqual(whole.subarray(600 * 45));
  expect(await run(LONG.subarray(0, 20), 0, 0)).toEqual(whole.subarray(0, 20 * 45));
  engine.close();
});

test('activations are the sums of squares of all inputs, whatever logits are asked for', async () => {
  const model = tinyLlama();
  const engine = openEngine(model.graph, model.tensors, { contextLength: TOKENS.length });
  await engine.run(TOKENS, 0, 0);
  expect(engine.activations().size).toBe(0);
  engine.collect(true);
  await engine.run(TOKENS.subarray(0, 30), 0, 29);
  await engine.run(TOKENS.subarray(30), 30, 7);
  engine.collect(false);
  await engine.run(TOKENS, 0, 0);
  const activations = engine.activations();
  const { inputs } = runPlainly(model.graph, model.weights, [...TOKENS]);
  expect([...activations.keys()]).toEqual(['q', 'k', 'v', 'o', 'gate', 'up', 'output']);
  for (const [name, { sums, counts }] of activations) {
    const rows = inputs.get(name) ?? [];
    const expected = (rows[0] ?? []).map((_, column) => rows.reduce((sum, row) => sum + (row[column] ?? 0) ** 2, 0));
    expect(distance(sums, expected)).toBeLessThan(1e-5);
    expect([...counts]).toEqual([TOKENS.length]);
  }
  engine.close();
});

describe('files', () => {
  /** The tensors one after the other in a file, at odd offsets. */
  function inFile(model: Tiny): { path: string; tensors: WeightTensor[] } {
    const path = join(tempFolder(), 'weights');
    let offset = 0;
    const pieces: Uint8Array[] = [];
    const tensors = model.tensors.map((tensor): WeightTensor => {
      const bytes = tensor.data.kind === 'memory' ? tensor.data.bytes : new Uint8Array();
      pieces.push(Uint8Array.of(0), bytes);
      offset += 1 + bytes.length;
      return { ...tensor, data: { kind: 'file', path, offset: offset - bytes.length } };
    });
    writeFileSync(path, Buffer.concat(pieces));
    return { path, tensors };
  }

  test('mapped weights are the same as those in memory', async () => {
    const model = tinyLlama();
    const { tensors } = inFile(model);
    expect(await logitsOf({ ...model, tensors }, TOKENS)).toEqual(await logitsOf(model, TOKENS));
  });

  test('a file that is too short or not there is refused, one that is cut later fails the run', async () => {
    const model = tinyLlama();
    const { path, tensors } = inFile({ ...model, tensors: model.tensors.filter(({ name }) => name !== 'factors') });
    const open = () => openEngine(model.graph, tensors, { contextLength: 64 });
    const engine = open();
    await engine.run(TOKENS, 0, 0);
    truncateSync(path, 5000);
    await expect(engine.run(TOKENS, 0, 0)).rejects.toThrow(WeightsFileError);
    engine.close();
    expect(open).toThrow(/tensor \w+ ends at byte \d+ of .*, which has 5000/);
    expect(() => openEngine(model.graph, [...tensors.slice(0, -2), ...moved(tensors.slice(-2), path)], ONE)).toThrow(
      WeightsFileError,
    );
  });

  const ONE = { contextLength: 64 };
  function moved(tensors: readonly WeightTensor[], path: string): WeightTensor[] {
    return tensors.map((tensor) => ({ ...tensor, data: { kind: 'file', path: `${path}-no`, offset: 0 } }));
  }
});

describe('what does not fit together is refused before anything runs', () => {
  const model = tinyLlama();
  const open = (graph: Partial<Tiny['graph']>, tensors = model.tensors) =>
    openEngine({ ...model.graph, ...graph }, tensors, { contextLength: 64 });
  const without = (name: string) => model.tensors.filter((tensor) => tensor.name !== name);
  const replaced = (name: string, part: Partial<WeightTensor>) =>
    model.tensors.map((tensor) => (tensor.name === name ? { ...tensor, ...part } : tensor));
  const edited = (index: number, part: object) => ({
    operators: model.graph.operators.map((one, i) => (i === index ? ({ ...one, ...part } as typeof one) : one)),
  });

  test.each<[string, () => unknown, RegExp]>([
    ['a missing tensor', () => open({}, without('k')), /tensor k is missing/],
    ['rows too long', () => open({}, replaced('q', { ne: [84, 52] })), /tensor q has rows of 84, .* 52 wide/],
    ['too few bytes', () => open({}, replaced('q', { ne: [52, 83] })), /tensor q has 17472 bytes/],
    ['a dimension of 0', () => open({}, replaced('q', { ne: [0, 84] })), /tensor q has the shape 0 × 84/],
    ['a shape beyond numbers', () => open({}, replaced('q', { ne: [2 ** 53, 2 ** 53] })), /tensor q has the shape/],
    ['a third dimension', () => open({}, replaced('q', { ne: [52, 42, 2] })), /tensor q has the shape 52 × 42 × 2/],
    ['a fourth dimension', () => open({}, replaced('q', { ne: [52, 21, 2, 2] })), /has the shape 52 × 21 × 2 × 2/],
    ['half a block', () => open({}, replaced('q', { type: 'Q8_0' })), /tensor q has the shape/],
    ['integers', () => open({}, replaced('q', { type: 'I32' })), /tensor q has the type I32/],
    ['a norm of another width', () => open(edited(1, { groups: 2 })), /tensor norm is 52 × 1, where 26 numbers/],
    ['groups that do not divide', () => open(edited(1, { groups: 3 })), /x of 52 cannot be divided by 3/],
    ['no heads', () => open(edited(9, { kvHeads: 0 })), /key of 28 cannot be divided by 0/],
    ['heads that cannot share', () => open(edited(9, { heads: 3 })), /query heads of 3 cannot be divided by 2/],
    ['other heads', () => open(edited(9, { heads: 4 })), /queries of 84 and keys of 14 for each of 4/],
    [
      'odd dimensions',
      () => open(edited(6, { rope: { ...PLAIN_ROPE, dimensions: 3 } })),
      /3 dimensions of a head of 14/,
    ],
    ['dimensions beyond the head', () => open(edited(6, { rope: { ...PLAIN_ROPE, dimensions: 16 } })), /16 dimensions/],
    ['a value that nobody writes', () => open(edited(10, { input: 'none' })), /none is read before it is written/],
    ['two widths of one value', () => open(edited(4, { output: 'key' })), /key is 32 wide, and was 28/],
    ['different widths', () => open(edited(11, { right: 'query' })), /x and query are not of the same width/],
    ['a product onto itself', () => open(edited(10, { output: 'attended' })), /replaces its own input/],
    ['an unknown operator', () => open(edited(10, { op: 'scan' })), /there is no operator scan/],
    ['another vocabulary', () => open({ outputs: logits(44) }), /logits of 45 come out, where 44/],
    ['a small embedding', () => open({ vocabulary: 46 }), /tensor embd has 45 rows for a vocabulary of 46/],
    ['no operators', () => open({ operators: [] }), /cannot be run/],
    ['no outputs', () => open({ outputs: [] }), /no value comes out/],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(GraphError);
    expect(run).toThrow(message);
  });
});

test('tokens and positions that there are not are refused', async () => {
  const model = tinyLlama();
  const engine = openEngine(model.graph, model.tensors, { contextLength: 8 });
  const run = async (tokens: number[], past: number, from: number) =>
    (await engine.run(Int32Array.from(tokens), past, from))[0];
  await expect(run([45], 0, 0)).rejects.toThrow(UnknownTokenError);
  await expect(run([45], 0, 0)).rejects.toThrow(/token 45, .* 45 tokens/);
  await expect(run([-1], 0, 0)).rejects.toThrow(UnknownTokenError);
  await expect(run([1], 1, 0)).rejects.toThrow(RangeError);
  await expect(run([1, 2, 3, 4, 5, 6, 7, 8, 9], 0, 0)).rejects.toThrow(RangeError);
  await expect(run([1], 0, 2)).rejects.toThrow(RangeError);
  const first = run([1], 0, 0);
  await expect(run([1], 0, 0)).rejects.toThrow('runs already');
  expect(rowsOf(await first, 45)).toHaveLength(1);
  expect(await run([], 1, 0)).toHaveLength(0);
  engine.close();
  await expect(run([1], 0, 0)).rejects.toThrow('closed');
});

/** A tensor with the same 32 bits everywhere. */
function uniform(name: string, bits: number, columns: number, rows: number): WeightTensor {
  const bytes = new Uint8Array(new Uint32Array(rows * columns).fill(bits).buffer);
  return { name, type: 'F32', ne: [columns, rows], data: { kind: 'memory', bytes } };
}

describe.each(availableTargets())('%s: attention to what is NaN is NaN', (on) => {
  // Also where the payload would be lost in the exponent.
  test.each([0x7fc00000, 0x7fc00001, 0x7fc001ff, 0x7f800001, 0x7fffffff, 0xffc00001, 0xffffffff])('%i', async (nan) => {
    const width = 33;
    const operators: GraphOperator[] = [
      { op: 'embed', weight: 'ones', output: 'ones' },
      { op: 'embed', weight: 'keys', output: 'keys' },
      {
        ...{ op: 'attention', query: 'ones', key: 'keys', value: 'ones' },
        ...{ heads: 1, kvHeads: 1, scale: 1, output: 'logits' },
      },
    ];
    const graph = {
      ...{ architecture: 'tiny', vocabulary: width, contextLength: 8, operators },
      outputs: logits(width),
    };
    const tensors = [uniform('ones', 0x3f800000, width, width), uniform('keys', nan, width, width)];
    const engine = openEngine(graph, tensors, { contextLength: 8, threads: 1, on });
    const [values] = await engine.run(Int32Array.of(1, 2), 0, 0);
    expect([...values]).toEqual(Array(2 * width).fill(Number.NaN));
    engine.close();
  });
});

import type { GraphOperator } from '#src/graphs/operators/table.js';
import type { WeightTensor } from '#src/graphs/weight-tensor.js';
import { availableTargets } from '#src/quantize/native.js';
import { compileGraph } from '#src/runner/compile.js';
import { type EngineOptions, GraphError, openEngine } from '#src/runner/engine.js';
import { requiredMemory } from '#src/runner/memory.js';
import { distance } from './cases.js';
import { operatorModels, plainOutput } from './operator-cases.js';
import { runPlainly } from './plain.js';
import { type Tiny, tiny } from './tiny.js';

const TOKENS = Int32Array.from({ length: 101 }, (_, i) => (i * 7 + 3) % 45);
const MODELS = operatorModels();

/** The output of all tokens, in runs of `step`. */
async function outputOf({ graph, tensors }: Tiny, options: Partial<EngineOptions> = {}, step = TOKENS.length) {
  const engine = openEngine(graph, tensors, { contextLength: TOKENS.length, threads: 2, ...options });
  const all: number[] = [];
  for (let past = 0; past < TOKENS.length; past += step) {
    const [output] = await engine.run(TOKENS.subarray(past, past + step), past, 0);
    all.push(...output);
  }
  engine.close();
  return Float32Array.from(all);
}

describe.each(availableTargets())('%s', (on) => {
  test.each(MODELS)('%s gives what its formula gives, the same bits in every batch', async (_, model) => {
    const together = await outputOf(model, { on });
    expect(distance(together, plainOutput(model, TOKENS))).toBeLessThan(1e-5);
    for (const step of [1, 3, 8, 50]) {
      expect(await outputOf(model, { on }, step)).toEqual(together);
    }
    expect(await outputOf(model, { on, threads: 5 })).toEqual(together);
  });
});

test.each(MODELS)('%s: the rows that are asked for alone are the same', async (_, model) => {
  const { graph, tensors } = model;
  const whole = await outputOf(model);
  const width = graph.outputs[0]?.width ?? 0;
  const engine = openEngine(graph, tensors, { contextLength: TOKENS.length, threads: 2 });
  for (const from of [0, 1, 60, TOKENS.length - 1, TOKENS.length]) {
    expect((await engine.run(TOKENS, 0, from))[0]).toEqual(whole.subarray(from * width));
  }
  engine.close();
});

describe('what is kept for a text as a whole', () => {
  const [, model] = MODELS.find(([name]) => name === 'causal-conv 1') as [string, Tiny];
  const open = () => openEngine(model.graph, model.tensors, { contextLength: TOKENS.length });

  test('begins anew with another text', async () => {
    const engine = open();
    await engine.run(TOKENS.subarray(40), 0, 0);
    expect((await engine.run(TOKENS, 0, 0))[0]).toEqual(await outputOf(model));
    engine.close();
  });

  test('does not go back to an earlier position', async () => {
    const engine = open();
    await engine.run(TOKENS.subarray(0, 20), 0, 0);
    await expect(engine.run(TOKENS.subarray(0, 5), 10, 0)).rejects.toThrow(RangeError);
    await expect(engine.run(TOKENS.subarray(0, 5), 10, 0)).rejects.toThrow('can go on at position 20 or begin at 0');
    await engine.run(TOKENS.subarray(20, 30), 20, 0);
    engine.close();
  });

  test('takes as much memory in any context', () => {
    const compiled = compileGraph(model.graph, model.tensors);
    const without = { ...compiled, memory: { ...compiled.memory, fixed: 0 } };
    for (const contextLength of [8, 4096]) {
      const options = { contextLength, threads: 1 };
      // Three rows before the current one and the weight, at least.
      expect(requiredMemory(compiled, options) - requiredMemory(without, options)).toBeGreaterThanOrEqual(
        4 * (3 * 300 + 4 * 300),
      );
    }
    expect(compiled.memory.perPosition).toBe(0);
  });
});

describe('experts', () => {
  const EXPERTS = 5;
  const [, model] = MODELS.find(([name]) => name === 'mat-mul-experts 1') as [string, Tiny];
  const ids = model.weights.get('experts.table')?.[0] ?? [];

  test('activations are gathered for each of them', async () => {
    const engine = openEngine(model.graph, model.tensors, { contextLength: TOKENS.length });
    engine.collect(true);
    await engine.run(TOKENS.subarray(0, 50), 0, 50);
    await engine.run(TOKENS.subarray(50), 50, 0);
    const found = engine.activations().get('w');
    engine.close();
    const x = runPlainly(model.graph, model.weights, [...TOKENS]).values.get('x') ?? [];
    const rowsOf = (expert: number) => x.filter((_, i) => ids[TOKENS[i] ?? 0]?.includes(expert));
    const expected = Array.from({ length: EXPERTS }, (_, expert) =>
      (x[0] ?? []).map((_, column) => rowsOf(expert).reduce((sum, row) => sum + (row[column] ?? 0) ** 2, 0)),
    );
    expect([...(found?.counts ?? [])]).toEqual(Array.from({ length: EXPERTS }, (_, expert) => rowsOf(expert).length));
    expect(distance(found?.sums ?? new Float32Array(0), expected.flat())).toBeLessThan(1e-5);
  });

  test.each([-1, EXPERTS, Number.NaN, 1e30])('there is no expert %d', async (expert) => {
    const table = new Float32Array(45 * 3).fill(expert);
    const tensors = model.tensors.map((tensor) =>
      tensor.name === 'experts.table'
        ? { ...tensor, data: { kind: 'memory', bytes: new Uint8Array(table.buffer) } as const }
        : tensor,
    );
    const engine = openEngine(model.graph, tensors, { contextLength: 8 });
    await expect(engine.run(Int32Array.of(1), 0, 0)).rejects.toThrow('no such expert');
    engine.close();
  });

  const USING: GraphOperator[] = [
    { op: 'embed', weight: 'x.table', output: 'x' },
    { op: 'embed', weight: 'ids.table', output: 'ids' },
    { op: 'mat-mul-experts', input: 'x', experts: 'ids', weight: 'w', output: 'logits' },
  ];

  function openExperts(experts: number, width: number, ...ne: number[]) {
    const { graph, tensors } = tiny(USING, 8, [
      ['x.table', 'F32', width, 8],
      ['ids.table', 'F32', experts, 8],
      ['w', 'F32', ...ne],
    ]);
    return openEngine(graph, tensors, { contextLength: 8 });
  }

  test('the bytes of all their matrices are needed', () => {
    const short = (tensor: WeightTensor): WeightTensor =>
      tensor.data.kind === 'memory' && tensor.name === 'w'
        ? { ...tensor, data: { kind: 'memory', bytes: tensor.data.bytes.subarray(0, -1) } }
        : tensor;
    const open = () => openEngine(model.graph, model.tensors.map(short), { contextLength: 8 });
    expect(open).toThrow(GraphError);
    expect(open).toThrow(`the tensor w has ${53 * 71 * EXPERTS * 4 - 1} bytes`);
  });

  test.each<[string, () => unknown, RegExp]>([
    ['rows of another width', () => openExperts(2, 10, 11, 4, 3), /tensor w has rows of 11, but its input is 10 wide/],
    ['rows for too few of them', () => openExperts(3, 20, 10, 4, 3), /tensor w has rows of 10, but its input is 20/],
    ['fewer experts than a token uses', () => openExperts(4, 10, 10, 4, 3), /w has 3 experts, and a token uses 4/],
    ['another width than is asked for', () => openExperts(3, 10, 10, 4, 3), /logits of 12 come out, where 8/],
  ])('%s', (_, open, message) => {
    expect(open).toThrow(GraphError);
    expect(open).toThrow(message);
  });
});

describe('several outputs', () => {
  /** `x` is read by what comes after it, in all rows; `y` is asked for twice. */
  const operators: GraphOperator[] = [
    { op: 'embed', weight: 'table', output: 'x' },
    { op: 'mat-mul', input: 'x', weight: 'w', output: 'y' },
    { op: 'attention', query: 'y', key: 'x', value: 'x', heads: 1, kvHeads: 1, scale: 1, output: 'z' },
    { op: 'add', left: 'z', right: 'y', output: 'z' },
  ];
  const made = tiny(operators, 45, [
    ['table', 'F32', 20, 45],
    ['w', 'F32', 20, 20],
  ]);
  const names = ['x', 'z', 'y', 'y'];
  const graph = { ...made.graph, outputs: names.map((value) => ({ value, width: 20 })) };
  const { values } = runPlainly(graph, made.weights, [...TOKENS]);

  test.each([false, true])('each is what its operators give; activations gathered: %s', async (collecting) => {
    const engine = openEngine(graph, made.tensors, { contextLength: TOKENS.length, threads: 2 });
    engine.collect(collecting);
    for (const from of [0, 7, 100, 101]) {
      const outputs = await engine.run(TOKENS, 0, from);
      expect(outputs).toHaveLength(names.length);
      for (const [i, name] of names.entries()) {
        const expected = (values.get(name) ?? []).slice(from).flat();
        expect(from === 101 ? outputs[i]?.length : distance(outputs[i] as Float32Array, expected)).toBeLessThan(1e-5);
      }
    }
    engine.close();
  });

  test('one that nothing writes is refused', () => {
    const outputs = [...graph.outputs, { value: 'none', width: 20 }];
    const open = () => openEngine({ ...graph, outputs }, made.tensors, { contextLength: 8 });
    expect(open).toThrow(GraphError);
    expect(open).toThrow(/none is read before it is written/);
  });
});

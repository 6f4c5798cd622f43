import { GGML_TYPES } from '#src/gguf/types.js';
import { compileGraph } from '#src/runner/compile.js';
import { type Ask, describeOnArm } from '../emulator.js';
import { distance, plainLogits, productCases, ROPES } from './cases.js';
import { operatorModels, plainOutput } from './operator-cases.js';
import { type Tiny, tinyLlama, tinyProduct } from './tiny.js';

// The runner's kernels for 64-bit ARM, cross-compiled into a program that reads models from a pipe, under qemu.

const TOKENS = Array.from({ length: 37 }, (_, i) => (i * 7 + 3) % 45);
const THREADS = 2;

/** The output of all tokens, which run `step` at a time. */
function outputOf(ask: Ask, model: Tiny, target: string, step = TOKENS.length): Float32Array {
  const { operators, widths, weights, outputs } = compileGraph(model.graph, model.tensors);
  const bytes = weights.map(({ tensor: { data } }) => (data.kind === 'memory' ? data.bytes : new Uint8Array()));
  const list = (elements: readonly (string | number)[]) => [elements.length, ...elements];
  const request = [
    ...[target, THREADS, step, ...list(TOKENS), ...list(widths), ...list(outputs)],
    ...[
      weights.length,
      ...weights.flatMap(({ tensor, columns, rows, matrices }, i) => [
        ...[GGML_TYPES[tensor.type][0], columns, rows, matrices, bytes[i]?.length ?? 0],
      ]),
    ],
    ...[
      operators.length,
      ...operators.flatMap(({ op, ...numbers }) => {
        const pairs = Object.entries(numbers).filter(([, value]) => typeof value === 'number');
        return [op, pairs.length, ...pairs.flat()];
      }),
    ],
  ];
  const answer = ask([Buffer.from(`${request.join(' ')}\n`), ...bytes]);
  return new Float32Array(new Uint8Array(answer).buffer);
}

describeOnArm('NEON in the runner', 'hf2gguf-runner-pipe', (ask) => {
  test.each(Object.entries(ROPES))('a graph of all operators gives what their formulas give: rope %s', (_, turn) => {
    const model = tinyLlama(turn);
    const expected = plainLogits(model, TOKENS);
    for (const target of ['neon', 'scalar']) {
      expect(distance(outputOf(ask, model, target), expected)).toBeLessThan(1e-5);
    }
  });

  test.each(operatorModels())('%s gives what its formula gives, the same bits in every batch', (_, model) => {
    const together = outputOf(ask, model, 'neon');
    expect(distance(together, plainOutput(model, TOKENS))).toBeLessThan(1e-5);
    expect(outputOf(ask, model, 'neon', 1)).toEqual(together);
  });

  test.each(productCases())(
    'a product with %s weights of %d columns, the same bits in every batch',
    (type, columns) => {
      const model = tinyProduct(type, columns);
      const together = outputOf(ask, model, 'neon');
      expect(distance(together, plainLogits(model, TOKENS))).toBeLessThan(1e-5);
      expect(outputOf(ask, model, 'neon', 1)).toEqual(together);
      expect(outputOf(ask, model, 'neon', 8)).toEqual(together);
    },
  );
});

import { KeyValues } from '#src/gguf/key-values.js';
import type { GraphSource } from '#src/graphs/architecture.js';
import { decoder } from '#src/graphs/decoder.js';
import { ArchitectureKeys } from '#src/graphs/keys.js';
import type { GraphOperator } from '#src/graphs/operators/table.js';

/** A model of three blocks and five tensors. */
const source: GraphSource = {
  keys: new ArchitectureKeys(keyValues({ block_count: 3, context_length: 64 })),
  shapes: new Map<string, number[]>([
    ['token_embd.weight', [8, 45]],
    ['output.weight', [8, 44]],
    ...['a', 'b', 'c'].map((name): [string, number[]] => [name, [8]]),
  ]),
};

function keyValues(counts: Readonly<Record<string, number>>): KeyValues {
  const kv = new KeyValues();
  kv.set('general.architecture', { type: 'string', value: 'tiny' });
  for (const [key, value] of Object.entries(counts)) {
    kv.set(`tiny.${key}`, { type: 'u32', value });
  }
  return kv;
}

const norm = (weight: string): GraphOperator => ({
  ...{ op: 'rms-norm', input: 'x', weight, epsilon: 0, groups: 1, output: 'x' },
});

test('a decoder embeds its tokens, runs its blocks in their order, and ends with logits', () => {
  const build = decoder({
    embed: () => [{ op: 'embed', weight: 'token_embd.weight', output: 'x' }, norm('a')],
    block: ({ layer }) => [norm(`blk.${layer}`)],
    head: () => [{ op: 'mat-mul', input: 'x', weight: 'output.weight', output: 'logits' }],
  });
  const { operators, ...graph } = build(source);
  expect(operators.map((operator) => ('weight' in operator ? operator.weight : ''))).toEqual([
    'token_embd.weight',
    'a',
    'blk.0',
    'blk.1',
    'blk.2',
    'output.weight',
  ]);
  expect(graph).toEqual({
    ...{ architecture: 'tiny', vocabulary: 44, contextLength: 64 },
    outputs: [{ value: 'logits', width: 44 }],
  });
});

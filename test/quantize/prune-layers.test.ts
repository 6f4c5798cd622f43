import { KeyValues } from '#src/gguf/key-values.js';
import {
  checkPruning,
  LayersError,
  PruningError,
  parseLayers,
  pruneLayers,
  withBlockCount,
} from '#src/quantize/prune-layers.js';

test.each([
  ['3', [3]],
  ['5,3,5,0', [0, 3, 5]],
  [' 10, 9', [9, 10]],
])('layers %j', (text, layers) => {
  expect(parseLayers(text)).toEqual(layers);
});

test.each(['', ',', '1,', '-1', '1-3', 'a', '1.5', '99999999999999999999'])('refused: %j', (text) => {
  expect(() => parseLayers(text)).toThrow(LayersError);
});

const model = (layers: number) => [
  'output.weight',
  ...Array.from({ length: layers }, (_, i) => [`blk.${i}.attn_k.weight`, `blk.${i}.ffn_up.weight`]).flat(),
];
const numbers = (kept: ReadonlyMap<string, string>) =>
  [...kept].filter(([name]) => name.endsWith('attn_k.weight')).map((pair) => pair.map((n) => Number(n.split('.')[1])));

test.each([
  [
    'the first',
    4,
    [0],
    [
      [1, 0],
      [2, 1],
      [3, 2],
    ],
    3,
    [],
  ],
  [
    'the last',
    3,
    [2],
    [
      [0, 0],
      [1, 1],
    ],
    2,
    [],
  ],
  [
    'in the middle',
    5,
    [1, 3],
    [
      [0, 0],
      [2, 1],
      [4, 2],
    ],
    3,
    [],
  ],
  ['all', 2, [0, 1], [], 0, []],
  ['one that is not there', 2, [1, 7], [[0, 0]], 1, [7]],
  [
    'none that is there',
    2,
    [7],
    [
      [0, 0],
      [1, 1],
    ],
    2,
    [7],
  ],
])('%s', (_, layers, pruned, kept, blockCount, absent) => {
  const result = pruneLayers(model(layers), pruned);
  expect(numbers(result.kept)).toEqual(kept);
  expect(result.kept.get('output.weight')).toBe('output.weight');
  expect(result.dropped.length + result.kept.size).toBe(model(layers).length);
  expect(result).toMatchObject({ blockCount, absent });
});

test('layers of an encoder and a decoder are renumbered together', () => {
  const names = ['dec', 'enc'].flatMap((part) => [0, 1, 2].map((layer) => `${part}.blk.${layer}.attn_k.weight`));
  expect([...pruneLayers(names, [1]).kept.values()]).toEqual([
    'dec.blk.0.attn_k.weight',
    'dec.blk.1.attn_k.weight',
    'enc.blk.0.attn_k.weight',
    'enc.blk.1.attn_k.weight',
  ]);
});

test('but not where layer 10 comes before layer 2', () => {
  const names = Array.from({ length: 12 }, (_, layer) => `dec.blk.${layer}.attn_k.weight`).sort();
  expect(() => pruneLayers(names, [0])).toThrow(PruningError);
  expect(() => pruneLayers(names, [5])).toThrow(PruningError);
});

test('the block count goes to the end; lists with an entry a block lose those of the layers that go', () => {
  const kv = new KeyValues()
    .u32('llama.block_count', 3)
    .array('llama.attention.head_count_kv', 'u32', [1, 2, 3])
    .array('llama.rope.dimension_sections', 'i32', [4, 5, 6]);
  expect([...withBlockCount(kv, 'llama', pruneLayers(model(3), [1])).entries()]).toEqual([
    ['llama.attention.head_count_kv', { type: 'array', of: 'u32', value: [1, 3] }],
    ['llama.rope.dimension_sections', { type: 'array', of: 'i32', value: [4, 5, 6] }],
    ['llama.block_count', { type: 'u32', value: 2 }],
  ]);
});

test.each([
  [2, [1, 7], 'there is no layer 7. The model has the layers 0 to 1.'],
  [0, [0], 'there is no layer 0. The file has none; leave the option out.'],
  [2, [0, 1], 'would leave no layer. Leave at least one.'],
])('of %i layers, %j cannot go', (count, layers, message) => {
  const pruning = pruneLayers(model(count), layers);
  expect(() => checkPruning(pruning)).toThrow(LayersError);
  expect(() => checkPruning(pruning)).toThrow(message);
});

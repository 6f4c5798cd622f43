import { KeyValues } from '#src/gguf/key-values.js';
import { LayersError, PruningError, parseLayers, pruneLayers, withBlockCount } from '#src/quantize/prune-layers.js';

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

test('the block count goes to the end; lists with a value a layer stay', () => {
  const kv = new KeyValues().u32('llama.block_count', 3).array('llama.feed_forward_length', 'u32', [1, 2, 3]);
  expect([...withBlockCount(kv, 'llama', 2).entries()]).toEqual([
    ['llama.feed_forward_length', { type: 'array', of: 'u32', value: [1, 2, 3] }],
    ['llama.block_count', { type: 'u32', value: 2 }],
  ]);
});

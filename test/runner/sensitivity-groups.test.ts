import { groupTensors } from '#src/runner/sensitivity/groups.js';

const tensors = ['token_embd.weight', 'output.weight'].concat(
  Array.from({ length: 12 }, (_, layer) => [`blk.${layer}.attn_q.weight`, `blk.${layer}.ffn_down.weight`]).flat(),
);
const grouped = (most: number) =>
  groupTensors(
    tensors.map((name) => ({ name })),
    most,
  ).map((group) => group.map(({ name }) => name));

test('each alone where there is room', () => {
  expect(grouped(26)).toEqual(expect.arrayContaining(tensors.map((name) => [name])));
  expect(grouped(1000)).toHaveLength(26);
});

test('kinds in neighbouring layers together, what has no layer alone', () => {
  const groups = grouped(8);
  expect(groups).toHaveLength(8);
  expect(groups).toContainEqual(['output.weight']);
  expect(groups).toContainEqual([0, 1, 2, 3].map((layer) => `blk.${layer}.attn_q.weight`));
  expect(groups).toContainEqual([8, 9, 10, 11].map((layer) => `blk.${layer}.ffn_down.weight`));
  expect(groups.flat().sort()).toEqual([...tensors].sort());
});

test('at least one group a kind', () => {
  expect(grouped(1)).toHaveLength(4);
});

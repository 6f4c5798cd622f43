import { layerOf } from '../../quantize/recipe/tensor.js';

/**
 * Divides tensors into at most `most` groups. If there are few enough, each tensor is a group. Otherwise tensors of one
 * kind (such as `attn_q`) in neighbouring layers form a group.
 */
export function groupTensors<Tensor extends { readonly name: string }>(
  tensors: readonly Tensor[],
  most: number,
): Tensor[][] {
  const kinds = new Map<string, Tensor[]>();
  for (const tensor of tensors) {
    const kind = tensor.name.replace(/^blk\.\d+\./, 'blk.');
    kinds.set(kind, [...(kinds.get(kind) ?? []), tensor]);
  }
  const all = [...kinds.values()].map((kind) =>
    kind.toSorted((a, b) => (layerOf(a.name) ?? 0) - (layerOf(b.name) ?? 0)),
  );
  const alone = all.filter(({ length }) => length === 1).length;
  const parts = Math.max(1, Math.floor((most - alone) / Math.max(1, all.length - alone)));
  return all.flatMap((kind) => inParts(kind, Math.min(parts, kind.length)));
}

/** Divides a list into `count` parts of about the same length. */
function inParts<Item>(items: readonly Item[], count: number): Item[][] {
  const border = (part: number) => Math.round((part * items.length) / count);
  return Array.from({ length: count }, (_, part) => items.slice(border(part), border(part + 1)));
}

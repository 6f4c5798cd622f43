import type { GgmlType } from '../../gguf/types.js';

/** What recipes know of a tensor. */
export interface RecipeTensor {
  readonly name: string;
  /** ggml's order: the row length first. */
  readonly ne: readonly number[];
  /** The type before quantization. */
  readonly type: GgmlType;
}

/** Order of a quantized file: by layer, tensors without one first, then by name in byte order. */
export function compareForQuantized(a: { name: string }, b: { name: string }): number {
  return (layerOf(a.name) ?? -1) - (layerOf(b.name) ?? -1) || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

/** The 3 of `blk.3.attn_v.weight`. */
export function layerOf(name: string): number | undefined {
  const digits = /^blk\.(\d+)/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** ggml's count: trailing dimensions of one element don't count. */
export function dimensions(ne: readonly number[]): number {
  let count = ne.length;
  while (count > 1 && ne[count - 1] === 1) {
    count--;
  }
  return Math.max(count, 1);
}

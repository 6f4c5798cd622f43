import { type GgmlType, rowBytes } from '../gguf/types.js';

/** Element types of checkpoints, named as in safetensors, with their size in bytes. */
export const DTYPE_BYTES = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1, F8_E8M0: 1 },
  ...{ U16: 2, I16: 2, F16: 2, BF16: 2 },
  ...{ U32: 4, I32: 4, F32: 4, U64: 8, I64: 8, F64: 8 },
} as const;

export type DType = keyof typeof DTYPE_BYTES;

/** Whether the type is a plain float: no integer, no block type, and no F8 type, which needs a scale. */
export const isFloat = (type: ElementType): boolean => ['F16', 'BF16', 'F32', 'F64'].includes(type);

/** Dtypes that quantized checkpoints use for values that need a scale (E4M3, E5M2), and for scales (E8M0). */
export type ScaledType = 'F8_E4M3' | 'F8_E5M2' | 'F8_E8M0';

/** Whether the type is an F8 type, which is of no use without scales. */
export const isScaled = (type: ElementType): type is ScaledType => type.startsWith('F8_');

/** The type of a source tensor's elements: a dtype of a checkpoint, or a type of a GGUF file, block types included. */
export type ElementType = DType | GgmlType;

/** Bytes of `count` elements. For a block type, `count` must be a multiple of the block size. */
export function bytesOf(type: ElementType, count: number): number {
  return type in DTYPE_BYTES ? DTYPE_BYTES[type as DType] * count : rowBytes(type as GgmlType, count);
}

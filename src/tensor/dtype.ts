import { type GgmlType, rowBytes } from '../gguf/types.js';

/** Element types of checkpoints, named as in safetensors, with their size in bytes. */
export const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

export type DType = keyof typeof DTYPE_BYTES;

/** Whether elements are values: neither integers nor what needs a scale. */
export function isFloat(type: ElementType): boolean {
  return type === 'F16' || type === 'BF16' || type === 'F32' || type === 'F64';
}

/** Dtypes of quantized checkpoints, which mean nothing without their scales, or are scales. */
export type ScaledType = 'F8_E4M3' | 'F8_E5M2' | 'F8_E8M0';

export function isScaled(type: ElementType): type is ScaledType {
  return type.startsWith('F8_');
}

/** What a source tensor's elements can be: a checkpoint's dtype, or a GGUF file's type (those of blocks included). */
export type ElementType = DType | GgmlType;

/** Bytes of `count` elements, whole blocks where the type has them. */
export function bytesOf(type: ElementType, count: number): number {
  return type in DTYPE_BYTES ? DTYPE_BYTES[type as DType] * count : rowBytes(type as GgmlType, count);
}

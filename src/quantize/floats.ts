import type { GgmlType } from '../gguf/types.js';
import { DTYPE_BYTES, type DType, type ElementType, type ScaledType } from '../tensor/dtype.js';
import { tensorKernels } from './tensor-kernels.js';

/** Bytes that `toFloats` takes for so many elements: none where they stay as they are. */
export function floatBytes(dtype: ElementType, elements: number): number {
  return isConverted(dtype) ? elements * DTYPE_BYTES.F32 : 0;
}

/**
 * The bytes as they are where the quantizer knows the type, else as float32, rounded to nearest even.
 * @param take memory of so many bytes, for the floats.
 */
export function toFloats(
  bytes: Uint8Array,
  dtype: Exclude<ElementType, ScaledType>,
  take = (size: number): Uint8Array => new Uint8Array(size),
): { bytes: Uint8Array; dtype: GgmlType } {
  if (!isConverted(dtype)) {
    return { bytes, dtype };
  }
  const floats = take(floatBytes(dtype, bytes.length / DTYPE_BYTES[dtype]));
  tensorKernels.cast(bytes, dtype, floats, 'F32');
  return { bytes: floats, dtype: 'F32' };
}

/** Integers and float64: ggml has some of them too, but the quantizer has no kernels for them. */
type ConvertedType = Exclude<DType, ScaledType | 'F32' | 'F16' | 'BF16'>;

function isConverted(dtype: ElementType): dtype is ConvertedType {
  return dtype in DTYPE_BYTES && dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16';
}

import type { GgmlType } from '../gguf/types.js';
import { DTYPE_BYTES, type DType, type ElementType, type ScaledType } from '../tensor/dtype.js';
import { tensorKernels } from './tensor-kernels.js';

/** The bytes as they are where the quantizer knows the type, else as float32, rounded to nearest even. */
export function toFloats(
  bytes: Uint8Array,
  dtype: Exclude<ElementType, ScaledType>,
): { bytes: Uint8Array; dtype: GgmlType } {
  if (!isConverted(dtype)) {
    return { bytes, dtype };
  }
  const floats = new Uint8Array((bytes.length / DTYPE_BYTES[dtype]) * DTYPE_BYTES.F32);
  tensorKernels.cast(bytes, dtype, floats, 'F32');
  return { bytes: floats, dtype: 'F32' };
}

/** Integers and float64: ggml has some of them too, but the quantizer has no kernels for them. */
type ConvertedType = Exclude<DType, ScaledType | 'F32' | 'F16' | 'BF16'>;

function isConverted(dtype: ElementType): dtype is ConvertedType {
  return dtype in DTYPE_BYTES && dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16';
}

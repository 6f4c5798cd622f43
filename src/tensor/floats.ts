import type { GgmlType } from '../gguf/types.js';
import type { ElementType } from './dtype.js';

/** Dtypes of quantized checkpoints, which mean nothing without their scales. */
export type ScaledType = 'F8_E4M3' | 'F8_E5M2';

/** Bytes that `toFloats` takes for so many elements: none where they stay as they are. */
export function floatBytes(dtype: ElementType, elements: number): number {
  return isConverted(dtype) ? elements * FLOAT_BYTES + ALIGNMENT_BYTES : 0;
}

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Memory may begin at any byte, floats only at each fourth. */
const ALIGNMENT_BYTES = FLOAT_BYTES - 1;

/**
 * The bytes as they are where the quantizer knows the type, else as float32, rounded to nearest.
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
  const read = READERS[dtype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.byteLength / read.size;
  const memory = take(floatBytes(dtype, count));
  const start = Math.ceil(memory.byteOffset / FLOAT_BYTES) * FLOAT_BYTES;
  const floats = new Float32Array(memory.buffer, start, count);
  for (let i = 0; i < count; i++) {
    floats[i] = read.at(view, i * read.size);
  }
  return { bytes: new Uint8Array(memory.buffer, start, count * FLOAT_BYTES), dtype: 'F32' };
}

type Reader = { readonly size: number; at(view: DataView, offset: number): number };

const READERS = {
  BOOL: { size: 1, at: (view, offset) => (view.getUint8(offset) === 0 ? 0 : 1) },
  U8: { size: 1, at: (view, offset) => view.getUint8(offset) },
  I8: { size: 1, at: (view, offset) => view.getInt8(offset) },
  U16: { size: 2, at: (view, offset) => view.getUint16(offset, true) },
  I16: { size: 2, at: (view, offset) => view.getInt16(offset, true) },
  U32: { size: 4, at: (view, offset) => view.getUint32(offset, true) },
  I32: { size: 4, at: (view, offset) => view.getInt32(offset, true) },
  U64: { size: 8, at: (view, offset) => Number(view.getBigUint64(offset, true)) },
  I64: { size: 8, at: (view, offset) => Number(view.getBigInt64(offset, true)) },
  F64: { size: 8, at: (view, offset) => view.getFloat64(offset, true) },
} as const satisfies Partial<Record<ElementType, Reader>>;

function isConverted(dtype: ElementType): dtype is keyof typeof READERS {
  return dtype in READERS;
}

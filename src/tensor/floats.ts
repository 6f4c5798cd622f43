import type { GgmlType } from '../gguf/types.js';
import type { ElementType, ScaledType } from './dtype.js';

/** The bytes as they are where the quantizer knows the type, else as float32, rounded to nearest. */
export function toFloats(
  bytes: Uint8Array,
  dtype: Exclude<ElementType, ScaledType>,
): { bytes: Uint8Array; dtype: GgmlType } {
  if (!isConverted(dtype)) {
    return { bytes, dtype };
  }
  const read = READERS[dtype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const floats = new Float32Array(bytes.byteLength / read.size);
  for (let i = 0; i < floats.length; i++) {
    floats[i] = read.at(view, i * read.size);
  }
  return { bytes: new Uint8Array(floats.buffer), dtype: 'F32' };
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

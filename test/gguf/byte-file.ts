import type { ByteSource } from '#src/gguf/byte-source.js';

/** A GGUF file put together byte by byte, little-endian. */
export const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
export const u64 = (value: number | bigint) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
export const text = (value: string | Buffer) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

export interface Parts {
  magic?: string;
  version?: number;
  tensorCount?: number | bigint;
  keyCount?: number | bigint;
  /** Key, value type's number, and the value's bytes. */
  kv?: readonly (readonly [string | Buffer, number, Buffer])[];
  tensors?: readonly Tensor[];
  /** Of the data after the header. */
  dataBytes?: number;
}

export interface Tensor {
  name: string;
  ne: readonly (number | bigint)[];
  /** What the file says that there are. @default as many as there are */
  dimensions?: number;
  type: number;
  offset: number | bigint;
}

export function ggufBytes(parts: Parts = {}): Buffer {
  const { kv = [], tensors = [] } = parts;
  const header = Buffer.concat([
    Buffer.from(parts.magic ?? 'GGUF'),
    u32(parts.version ?? 3),
    u64(parts.tensorCount ?? tensors.length),
    u64(parts.keyCount ?? kv.length),
    ...kv.flatMap(([key, type, value]) => [text(key), u32(type), value]),
    ...tensors.flatMap(({ name, ne, dimensions = ne.length, type, offset }) => [
      text(name),
      u32(dimensions),
      ...ne.map(u64),
      u32(type),
      u64(offset),
    ]),
  ]);
  const padding = Buffer.alloc(tensors.length > 0 ? Math.ceil(header.length / 32) * 32 - header.length : 0);
  return Buffer.concat([header, padding, Buffer.alloc(parts.dataBytes ?? 0)]);
}

/** A file in memory that notes what is read of it. */
export function byteSource(bytes: Uint8Array, size = bytes.length) {
  const reads: { offset: number; length: number }[] = [];
  const source: ByteSource = {
    name: 'test.gguf',
    size,
    async read(offset, length) {
      reads.push({ offset, length });
      if (offset < 0 || length < 0 || offset + length > size) {
        throw new RangeError(`read of ${length} bytes at ${offset} of ${size}`);
      }
      const part = Buffer.alloc(length);
      part.set(bytes.subarray(offset, offset + length));
      return part;
    },
    close: async () => {},
  };
  return { source, reads };
}

import { readImatrix } from '#src/quantize/imatrix/read.js';
import { byteSource, ggufBytes, text, u32, u64 } from '../../gguf/byte-file.js';

/** Importance matrices put together byte by byte, little-endian. */
export const int32 = (value: number) => Buffer.from(Int32Array.of(value).buffer);
export const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);
/** Bytes with their length before them. */
export const sized = (bytes: Buffer | string) => Buffer.concat([int32(Buffer.byteLength(bytes)), Buffer.from(bytes)]);

export function legacyEntry(name: Buffer | string, calls: number, ...values: number[]): Buffer {
  return Buffer.concat([sized(name), int32(calls), int32(values.length), floats(...values)]);
}

export function legacy(entries: readonly Buffer[], ...trailing: Buffer[]): Buffer {
  return Buffer.concat([int32(entries.length), ...entries, ...trailing]);
}

export interface GgufEntry {
  name: string;
  /** (experts, columns). */
  sums: number[];
  counts: number[];
}

export const METADATA: readonly (readonly [string, number, Buffer])[] = [
  ['imatrix.datasets', 9, Buffer.concat([u32(8), u64(1), text('a.txt')])],
  ['imatrix.chunk_count', 4, u32(3)],
  ['imatrix.chunk_size', 4, u32(512)],
];

export function imatrixGguf(entries: readonly GgufEntry[], kv = METADATA): Buffer {
  const data: Buffer[] = [];
  let offset = 0;
  const tensor = (name: string, values: number[]) => {
    const bytes = Buffer.alloc(Math.ceil((values.length * 4) / 32) * 32);
    bytes.set(floats(...values));
    data.push(bytes);
    offset += bytes.length;
    return { name, ne: [values.length], type: 0, offset: offset - bytes.length };
  };
  const tensors = entries.flatMap(({ name, sums, counts }) => [
    tensor(`${name}.in_sum2`, sums),
    tensor(`${name}.counts`, counts),
  ]);
  return Buffer.concat([ggufBytes({ kv, tensors }), ...data]);
}

export const read = (bytes: Uint8Array, file = 'imatrix') => readImatrix(byteSource(bytes).source, file);

export const failureOf = (bytes: Uint8Array) =>
  read(bytes).then<null, unknown>(
    () => null,
    (error) => error,
  );

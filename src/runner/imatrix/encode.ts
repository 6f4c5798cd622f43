import { endianness } from 'node:os';
import { UsageError } from '../../errors.js';
import { KeyValues } from '../../gguf/key-values.js';
import { writeRaw } from '../../gguf/raw-strings.js';
import { align, encodeHeader, type TensorInfo } from '../../gguf/writer.js';
import type { ImatrixSums, SummedEntry } from '../../quantize/imatrix/imatrix.js';

/** The sums over tokens to write, with entries in the order of the file. */
export interface WritableImatrix extends Pick<ImatrixSums, 'datasets' | 'chunks' | 'entries'> {
  /** The tokens of a chunk. */
  readonly chunkSize: number;
}

/** A count is too large for the format before GGUF. */
export class LegacyRangeError extends UsageError {}

const MAX_INT32 = 2 ** 31 - 1;

/** The pieces of a file, in order. */
export type Pieces = readonly Uint8Array[];

/**
 * Encodes the bytes that llama-imatrix writes (save_imatrix in tools/imatrix/imatrix.cpp, llama.cpp v0.5.0). Each entry
 * has two tensors: NAME.in_sum2, (columns, experts), and NAME.counts, (1, experts).
 */
export function encodeGgufImatrix({ datasets, chunks, chunkSize, entries }: WritableImatrix): Pieces {
  const kv = new KeyValues()
    .string('general.type', 'imatrix')
    .array('imatrix.datasets', 'string', datasets)
    .u32('imatrix.chunk_count', chunks)
    .u32('imatrix.chunk_size', chunkSize);
  const infos: TensorInfo[] = [];
  const data: Uint8Array[] = [];
  let offset = 0;
  const add = (name: string, columns: number, rows: number, values: Float32Array) => {
    infos.push({ name, type: 'F32', ne: rows > 1 ? [columns, rows] : [columns], offset });
    const bytes = new Uint8Array(align(values.length * 4));
    bytes.set(littleEndian(values));
    data.push(bytes);
    offset += bytes.length;
  };
  for (const [name, { sums, counts }] of entries) {
    add(`${name}.in_sum2`, sums.length / counts.length, counts.length, sums);
    add(`${name}.counts`, 1, counts.length, Float32Array.from(counts));
  }
  return [encodeHeader(kv.entries(), infos), ...data];
}

/**
 * Encodes the format before GGUF, which `readLegacySums` describes (save_imatrix_legacy in the same file). It has means
 * times calls. A call is a chunk, and a partial chunk counts as one. The mean of an expert that was never used is 1. An
 * entry whose experts were never used is left out. Of several datasets, the last one is named.
 * @throws LegacyRangeError
 */
export function encodeLegacyImatrix({ datasets, chunks, chunkSize, entries }: WritableImatrix): Pieces {
  const seen = [...entries].filter(([, { counts }]) => counts.some((count) => count > 0));
  return [
    int32(seen.length),
    ...seen.flatMap(([name, entry]) => {
      const calls = Math.ceil(entry.counts.reduce((most, count) => Math.max(most, count), 0) / chunkSize);
      return [...text(name), int32(calls), int32(entry.sums.length), littleEndian(meansTimes(entry, calls))];
    }),
    int32(chunks),
    ...text(datasets.at(-1) ?? ''),
  ];
}

/** The means times the calls, each step rounded to float32. */
function meansTimes({ sums, counts }: SummedEntry, calls: number): Float32Array {
  const columns = sums.length / counts.length;
  return sums.map((sum, i) => {
    const count = Math.fround(counts[Math.floor(i / columns)] ?? 0);
    return (count === 0 ? 1 : Math.fround(sum / count)) * calls;
  });
}

function text(value: string): Pieces {
  const bytes = Buffer.alloc(3 * value.length);
  const length = writeRaw(bytes, value, 0);
  return [int32(length), bytes.subarray(0, length)];
}

function int32(value: number): Uint8Array {
  if (value > MAX_INT32) {
    throw new LegacyRangeError(
      `The importance matrix counts ${value}, more than its older format can say.`,
      'Write it as GGUF (leave out --legacy).',
    );
  }
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function littleEndian(values: Float32Array): Uint8Array {
  const bytes = Buffer.from(values.slice().buffer);
  return endianness() === 'BE' ? bytes.swap32() : bytes;
}

import { type GgufFile, type GgufTensor, readGguf } from '../../gguf/reader.js';
import type { ForwardReader } from './forward-reader.js';
import { divideAll, type ImatrixEntry, type ImatrixSums, type SummedEntry } from './imatrix.js';

/** What a tensor's name ends with. */
const SUMS = '.in_sum2';
const COUNTS = '.counts';

interface Pair {
  sums?: GgufTensor;
  counts?: GgufTensor;
}

/**
 * Two float32 tensors an entry: NAME.in_sum2 with the sums of squares, experts outermost, and NAME.counts with the tokens
 * that each expert saw. Others are ignored.
 * @throws MalformedImatrixError, MalformedGgufError, GgufVersionError
 */
export async function readGgufSums(reader: ForwardReader): Promise<ImatrixSums> {
  const gguf = await readGguf(reader.source, reader.signal);
  const metadata = readMetadata(reader, gguf);
  const pairs = [...pair(gguf.tensors)].map(([name, { sums, counts }]) => {
    if (sums?.type !== 'F32' || counts?.type !== 'F32') {
      throw reader.malformed(`${name} lacks sums or counts of type F32`);
    }
    return { name, sums, counts };
  });
  if (pairs.length === 0) {
    throw reader.malformed('it has no entries');
  }
  const data = await readTensors(
    reader,
    gguf,
    pairs.flatMap(({ sums, counts }) => [sums, counts]),
  );
  const floats = (tensor: GgufTensor) => data.get(tensor) ?? new Float32Array(0);
  const entries = new Map(
    pairs.map(({ name, sums, counts }) => [name, checked(reader, name, floats(sums), floats(counts))]),
  );
  return { format: 'gguf', ...metadata, entries };
}

function readMetadata(reader: ForwardReader, { kv }: GgufFile): Pick<ImatrixSums, 'datasets' | 'chunks'> {
  const datasets = kv.get('imatrix.datasets');
  const chunks = kv.get('imatrix.chunk_count');
  const chunkSize = kv.get('imatrix.chunk_size');
  if (!datasets || chunks?.type !== 'u32' || chunkSize?.type !== 'u32') {
    throw reader.malformed('it lacks imatrix.datasets, imatrix.chunk_count or imatrix.chunk_size, as a model does');
  }
  const named = datasets.type === 'array' && datasets.of === 'string';
  // The reference keeps the count in an int32.
  return { datasets: named ? Array.from(datasets.value, String) : [], chunks: Number(chunks.value) | 0 };
}

function pair(tensors: readonly GgufTensor[]): Map<string, Pair> {
  const pairs = new Map<string, Pair>();
  const add = (tensor: GgufTensor, suffix: string, half: Pair) => {
    const name = tensor.name.slice(0, -suffix.length);
    pairs.set(name, { ...pairs.get(name), ...half });
  };
  for (const tensor of tensors) {
    if (tensor.name.endsWith(SUMS)) {
      add(tensor, SUMS, { sums: tensor });
    } else if (tensor.name.endsWith(COUNTS)) {
      add(tensor, COUNTS, { counts: tensor });
    }
  }
  return pairs;
}

async function readTensors(
  reader: ForwardReader,
  { bigEndian }: GgufFile,
  tensors: readonly GgufTensor[],
): Promise<Map<GgufTensor, Float32Array>> {
  const data = new Map<GgufTensor, Float32Array>();
  for (const tensor of [...tensors].sort((a, b) => a.offset - b.offset || a.size - b.size)) {
    reader.skipTo(tensor.offset);
    data.set(tensor, await reader.floats(tensor.size / 4, tensor.name, bigEndian));
  }
  return data;
}

function checked(reader: ForwardReader, name: string, sums: Float32Array, seen: Float32Array): SummedEntry {
  if (!Number.isInteger(sums.length / seen.length)) {
    throw reader.malformed(`${name} has ${sums.length} sums for ${seen.length} counts`);
  }
  const counts = Array.from(seen, (count) => {
    if (!Number.isSafeInteger(Math.round(count))) {
      throw reader.malformed(`${name} has the count ${count}`);
    }
    return Math.round(count);
  });
  return { sums, counts };
}

/** Means in place of the sums. */
export function averageTokens({ sums, counts }: SummedEntry): ImatrixEntry {
  const columns = sums.length / counts.length;
  counts.forEach((count, expert) => {
    const own = sums.subarray(expert * columns, (expert + 1) * columns);
    if (count > 0) {
      divideAll(own, count);
    } else {
      own.fill(1);
    }
  });
  return { values: sums, counts };
}

import { SourceError } from '../../errors.js';
import { MAX_GGUF_NAME_BYTES, MAX_TENSORS } from '../../limits.js';
import { fromCString } from './c-string.js';
import type { ForwardReader } from './forward-reader.js';
import { divideAll, type ImatrixEntry, type ImatrixSums, type SummedEntry } from './imatrix.js';

export class NotImatrixError extends SourceError {}

/**
 * The format before GGUF, little endian: int32 entries; per entry int32 length and bytes of the name, int32 calls, int32
 * number of values, float32 values times calls; then, or not, int32 chunks; then, or not, int32 length and bytes of the
 * dataset's name.
 * @throws NotImatrixError, MalformedImatrixError
 */
export async function readLegacySums(reader: ForwardReader): Promise<ImatrixSums> {
  const count = await readCount(reader);
  if (!isCount(count)) {
    throw new NotImatrixError(
      `${reader.source.name} is no importance matrix, neither in GGUF nor in the legacy format.`,
      'Give a file that llama-imatrix wrote. If Git LFS left a pointer in its place, fetch the file itself.',
    );
  }
  const entries = new Map<string, SummedEntry>();
  for (let index = 1; index <= count; index++) {
    entries.set(...(await readEntry(reader, `entry ${index} of ${count}`)));
  }
  const chunks = reader.left > 0 ? await reader.int32('the number of chunks') : 0;
  const dataset = reader.left > 0 ? await readText(reader, "the dataset's name") : undefined;
  return { format: 'legacy', datasets: dataset === undefined ? [] : [dataset], chunks, entries };
}

/**
 * Whether a file begins as one of that format: with a number of entries and a whole entry of a tensor's name.
 * @throws MalformedImatrixError where the first entry is none
 */
export async function startsAsLegacy(reader: ForwardReader): Promise<boolean> {
  return isCount(await readCount(reader)) && /^[\x20-\x7e]+$/.test((await readEntry(reader, 'the first entry'))[0]);
}

async function readCount(reader: ForwardReader): Promise<number> {
  return reader.left < 4 ? 0 : reader.int32('the number of entries');
}

function isCount(count: number): boolean {
  return count >= 1 && count <= MAX_TENSORS;
}

async function readEntry(reader: ForwardReader, place: string): Promise<[string, SummedEntry]> {
  const name = (await readText(reader, `the name of ${place}`)) ?? '';
  const calls = await reader.int32(place);
  const length = await reader.int32(place);
  if (length < 1) {
    throw reader.malformed(`${place}, ${name}, has ${length} values`);
  }
  return [name, { sums: await reader.floats(length, `the values of ${name}`), counts: [calls] }];
}

/** Means in place of the sums. */
export function averageCalls({ sums, counts }: SummedEntry): ImatrixEntry {
  const [calls = 0] = counts;
  if (calls > 0) {
    divideAll(sums, Math.fround(calls));
  }
  return { values: sums, counts };
}

/** Undefined for a length of 0: a dataset without a name is none. */
async function readText(reader: ForwardReader, place: string): Promise<string | undefined> {
  const length = await reader.int32(place);
  if (length < 0 || length > MAX_GGUF_NAME_BYTES) {
    throw reader.malformed(`${place} has ${length} bytes`);
  }
  return length === 0 ? undefined : fromCString(await reader.bytes(length, place));
}

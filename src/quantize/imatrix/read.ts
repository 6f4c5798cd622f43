import type { ByteSource } from '../../gguf/byte-source.js';
import { ForwardReader } from './forward-reader.js';
import type { Imatrix, ImatrixSums } from './imatrix.js';
import { averageTokens, readGgufSums } from './read-gguf.js';
import { averageCalls, readLegacySums } from './read-legacy.js';

/**
 * Reads an importance matrix of either format, told by its first bytes. Facts: common/imatrix-loader.cpp and load_imatrix
 * of tools/quantize/quantize.cpp, llama.cpp v0.5.0. That the values are finite is for `selectEntries` to check.
 * @param file its name as the user gave it.
 * @throws NotImatrixError, MalformedImatrixError, MalformedGgufError, GgufVersionError, and what the source throws.
 */
export async function readImatrix(source: ByteSource, file: string, signal?: AbortSignal): Promise<Imatrix> {
  return averaged(await readImatrixSums(source, signal), file);
}

/** The same before averaging. */
export async function readImatrixSums(source: ByteSource, signal?: AbortSignal): Promise<ImatrixSums> {
  const reader = new ForwardReader(source, signal);
  const isGguf = source.size >= 4 && Buffer.from(await source.read(0, 4, signal)).toString('latin1') === 'GGUF';
  return isGguf ? readGgufSums(reader) : readLegacySums(reader);
}

/** What quantizing takes of sums, which become the means. */
export function averaged({ entries, ...rest }: ImatrixSums, file: string): Imatrix {
  const average = rest.format === 'gguf' ? averageTokens : averageCalls;
  return { file, ...rest, entries: new Map([...entries].map(([name, entry]) => [name, average(entry)])) };
}

import type { ByteSource } from '../../gguf/byte-source.js';
import { ForwardReader } from './forward-reader.js';
import type { Imatrix } from './imatrix.js';
import { readGgufImatrix } from './read-gguf.js';
import { readLegacyImatrix } from './read-legacy.js';

/**
 * Reads an importance matrix of either format, told by its first bytes. Facts: common/imatrix-loader.cpp and load_imatrix
 * of tools/quantize/quantize.cpp, llama.cpp v0.5.0. That the values are finite is for `selectEntries` to check.
 * @param file its name as the user gave it.
 * @throws NotImatrixError, MalformedImatrixError, MalformedGgufError, GgufVersionError, and what the source throws.
 */
export async function readImatrix(source: ByteSource, file: string, signal?: AbortSignal): Promise<Imatrix> {
  const reader = new ForwardReader(source, signal);
  const isGguf = source.size >= 4 && Buffer.from(await source.read(0, 4, signal)).toString('latin1') === 'GGUF';
  return { file, ...(await (isGguf ? readGgufImatrix(reader) : readLegacyImatrix(reader))) };
}

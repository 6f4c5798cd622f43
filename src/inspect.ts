import { type GgufFile, type GgufTensor, readGguf } from './gguf/reader.js';
import type { GgufValue } from './gguf/types.js';
import { byteSource, locateGgufFile } from './locate-gguf.js';
import type { OpenOptions } from './repo/open.js';

export interface InspectParams extends OpenOptions {
  /** A GGUF file's path, or `org/model[@revision]:path/in/the/repository.gguf`, of which the header alone is fetched. */
  readonly source: string;
}

/** A GGUF file without its tensors' data. */
export interface Inspection extends Omit<GgufFile, 'kv'> {
  /** The path or Hub name that was asked for. */
  readonly source: string;
  /** In file order; 64-bit integers are bigints, arrays of numbers typed arrays. */
  readonly kv: readonly (readonly [key: string, value: GgufValue])[];
  readonly tensors: readonly GgufTensor[];
}

/**
 * Reads a GGUF file's key-values and tensor list. A path that exists wins over a name on the Hub.
 * @throws UsageError, SourceError, HubError, InterruptedError
 */
export async function inspect({ source, ...options }: InspectParams): Promise<Inspection> {
  const { repo, path } = await locateGgufFile(source, options);
  const { kv, ...file } = await readGguf(await byteSource(repo, path, source), options.signal);
  return { source, ...file, kv: [...kv.entries()] };
}

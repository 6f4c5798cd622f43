import { stat } from 'node:fs/promises';
import { UsageError } from './errors.js';
import { type ByteSource, openFile, UnreadableFileError } from './gguf/byte-source.js';
import { type GgufFile, type GgufTensor, readGguf } from './gguf/reader.js';
import type { GgufValue } from './gguf/types.js';
import { type OpenOptions, openRepo } from './repo/open.js';

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

export class NotAGgufSourceError extends UsageError {}

/**
 * Reads a GGUF file's key-values and tensor list. A path that exists wins over a name on the Hub.
 * @throws UsageError, SourceError, HubError, InterruptedError
 */
export async function inspect({ source, ...options }: InspectParams): Promise<Inspection> {
  const bytes = await openSource(source, options);
  try {
    const { kv, ...file } = await readGguf(bytes, options.signal);
    return { source, ...file, kv: [...kv.entries()] };
  } finally {
    await bytes.close();
  }
}

async function openSource(source: string, options: OpenOptions): Promise<ByteSource> {
  const exists = await stat(source).catch(() => null);
  const [, repoName, path] = /^([^:]{2,}):(.+)$/.exec(source) ?? [];
  if (exists || path === undefined || repoName === undefined) {
    if (!exists && !/[/\\]|\.gguf$/i.test(source)) {
      throw new NotAGgufSourceError(
        `"${source}" is no GGUF file.`,
        'Give a path, or a file in a repository as org/model:file.gguf.',
      );
    }
    return openFile(source);
  }
  const repo = await openRepo(repoName, options);
  const file = (await repo.list()).find((entry) => entry.path === path);
  if (!file) {
    throw new UnreadableFileError(`${repo.id} has no file ${path}.`, 'Look it up in the list of its files.');
  }
  return {
    name: source,
    size: file.size,
    read: (offset, length, signal) => repo.read(path, offset, length, signal),
    close: async () => {},
  };
}

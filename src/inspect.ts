import type { WarningEvent } from './events.js';
import type { KeyValues } from './gguf/key-values.js';
import { type GgufFile, type GgufTensor, readGguf } from './gguf/reader.js';
import { readTrailing } from './gguf/trailing.js';
import type { GgufValue } from './gguf/types.js';
import { byteSource, isPartName, locateGgufFile } from './locate-gguf.js';
import type { OpenOptions } from './repo/open.js';

type Warning = Omit<WarningEvent, 'event'>;

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
  /** What should be known of it. */
  readonly warnings: readonly Warning[];
}

/**
 * Reads a GGUF file's key-values and tensor list. A path that exists wins over a name on the Hub.
 * @throws UsageError, SourceError, HubError, InterruptedError
 */
export async function inspect({ source, ...options }: InspectParams): Promise<Inspection> {
  const { repo, path } = await locateGgufFile(source, options);
  const bytes = await byteSource(repo, path, source);
  const { kv, ...file } = await readGguf(bytes, options.signal);
  const trailing = await readTrailing(bytes, file, options.signal);
  const warnings = [...(trailing ? [{ what: trailing.what, next: trailing.next }] : []), ...partWarnings(source, kv)];
  return { source, ...file, kv: [...kv.entries()], warnings };
}

/** Of a part under another name than a part's. */
function partWarnings(source: string, kv: KeyValues): Warning[] {
  const count = Number(kv.get('split.count')?.value ?? 0);
  const number = Number(kv.get('split.no')?.value ?? 0) + 1;
  return count > 1 && !isPartName(source)
    ? [{ what: `${source} says that it is part ${number} of ${count}, but its name is not that of a part.` }]
    : [];
}

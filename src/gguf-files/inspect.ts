import type { WarningEvent } from '../events.js';
import type { KeyValues } from '../gguf/key-values.js';
import { type GgufFile, type GgufTensor, readGguf } from '../gguf/reader.js';
import { readTrailing } from '../gguf/trailing.js';
import type { GgufValue, Scalar } from '../gguf/types.js';
import type { OpenOptions } from '../repo/open.js';
import { byteSource, isPartName, locateGgufFile } from './locate.js';

type Warning = Omit<WarningEvent, 'event'>;

export interface InspectParams extends OpenOptions {
  /** A GGUF file's path, or `org/model[@revision]:path/in/the/repository.gguf`, of which the header alone is fetched. */
  readonly source: string;
}

/** A GGUF file without its tensors' data. */
export interface Inspection extends Omit<GgufFile, 'kv'> {
  /** The path or Hub name as the caller gave it. */
  readonly source: string;
  /** In file order; 64-bit integers are bigints, arrays of numbers typed arrays. */
  readonly kv: readonly (readonly [key: string, value: GgufValue])[];
  readonly tensors: readonly GgufTensor[];
  /** Warnings about the file. */
  readonly warnings: readonly Warning[];
  /** A key's value without its type: 64-bit integers as bigints, arrays as lists; undefined without the key. */
  get(key: string): Scalar | readonly Scalar[] | undefined;
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
  const inspection: Inspection = {
    source,
    ...file,
    kv: [...kv.entries()],
    warnings,
    get: (key) => plainValue(kv.get(key)),
  };
  // Not enumerable, so that a clone, a comparison and JSON have data alone.
  return Object.defineProperty(inspection, 'get', { enumerable: false });
}

/** Warns where a part of a split file does not have the name of a part. */
function partWarnings(source: string, kv: KeyValues): Warning[] {
  const count = Number(kv.get('split.count')?.value ?? 0);
  const number = Number(kv.get('split.no')?.value ?? 0) + 1;
  return count > 1 && !isPartName(source)
    ? [{ what: `${source} says that it is part ${number} of ${count}, but its name is not that of a part.` }]
    : [];
}

function plainValue(value: GgufValue | undefined): Scalar | readonly Scalar[] | undefined {
  return value?.type === 'array' ? Array.from(value.value) : value?.value;
}

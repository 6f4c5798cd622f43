import type { ByteSource } from './byte-source.js';
import type { GgufFile } from './reader.js';

/** The warning about bytes that follow a file's last tensor. */
export interface Trailing {
  /** Whether they are another GGUF file. */
  readonly isGguf: boolean;
  readonly what: string;
  readonly next: string;
}

const MAGIC = 'GGUF';

/** @returns undefined where nothing follows. */
export async function readTrailing(
  source: ByteSource,
  { dataEnd, size }: Pick<GgufFile, 'dataEnd' | 'size'>,
  signal?: AbortSignal,
): Promise<Trailing | undefined> {
  const length = size - dataEnd;
  if (length <= 0) {
    return undefined;
  }
  const start = await source.read(dataEnd, Math.min(length, MAGIC.length), signal);
  const isGguf = Buffer.from(start).toString('latin1') === MAGIC;
  const what = `${source.name} goes on for ${length} bytes after its last tensor`;
  return isGguf
    ? {
        isGguf,
        what: `${what}, with another GGUF file: parts were joined as cat does it.`,
        next: 'Get the parts themselves and join them with hf2gguf merge.',
      }
    : { isGguf, what: `${what}.`, next: 'They are no part of the model; was the file put together from others?' };
}

import type { WarningSink } from '../warnings.js';
import type { Guard } from './guard.js';
import type { FileKind } from './kinds.js';
import { PartialFiles } from './partial-files.js';

/** A file that is in memory. */
export interface WholeFile {
  readonly path: string;
  /** The kind of file that may exist there and is replaced; null for none. */
  readonly replaceable: FileKind | null;
  /** What is in it, in order. */
  readonly pieces: readonly Uint8Array[];
}

/**
 * Writes a file that is in memory.
 * @returns bytes.
 * @throws DiskFullError, WriteError, and as `checkOutputs`
 */
export async function writeWhole(
  { path, replaceable, pieces }: WholeFile,
  guard: Guard,
  to?: WarningSink,
): Promise<number> {
  const [header = new Uint8Array(0), ...rest] = pieces;
  const size = rest.reduce((sum, piece) => sum + piece.length, header.length);
  const file = new PartialFiles([{ path, replaceable, header, size }], guard, to);
  try {
    await file.open();
    let position = header.length;
    for (const piece of rest) {
      await file.write(0, piece, position);
      position += piece.length;
    }
    await file.finish();
  } catch (error) {
    await file.discard();
    throw error;
  }
  return size;
}

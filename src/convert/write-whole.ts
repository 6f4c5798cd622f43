import { PartialFiles } from './outputs.js';

/**
 * Writes a file that is in memory.
 * @param pieces in their order.
 * @returns bytes.
 * @throws DiskFullError, WriteError
 */
export async function writeWhole(path: string, pieces: readonly Uint8Array[]): Promise<number> {
  const [header = new Uint8Array(0), ...rest] = pieces;
  const size = rest.reduce((sum, piece) => sum + piece.length, header.length);
  const file = new PartialFiles([{ path, header, size }]);
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

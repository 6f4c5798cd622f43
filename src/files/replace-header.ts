import { fchmodSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { PartialFiles, writeError } from '../convert/outputs.js';
import type { ByteSource } from '../gguf/byte-source.js';

/**
 * What had to be written: nothing; within the header; or all of the file, as a copy that then takes the file's name.
 *
 * After a crash the file must be the old or the new one. Only what lies within one sector is written as a whole by every
 * disk, so only such a change (a number, a string of the same length) is made in the file itself. A journal would allow
 * more, but other programs, which don't know of it, would see a torn header until it is played back.
 */
export type Written = 'nothing' | 'header' | 'file';

export interface Replacement {
  readonly source: ByteSource;
  /** Where the tensors' data begins in the source. */
  readonly dataOffset: number;
  readonly header: Uint8Array;
  readonly path: string;
  /** Whether `path` is the source itself. */
  readonly inPlace: boolean;
  readonly signal?: AbortSignal | undefined;
  onProgress(done: number, total: number): void;
}

const SECTOR = 512;
const PIECE = 8 * 2 ** 20;

/** @throws ResourceError, SourceError, InterruptedError */
export async function replaceHeader(replacement: Replacement): Promise<Written> {
  const { source, dataOffset, header, path, inPlace, signal } = replacement;
  if (inPlace && header.length === Math.min(dataOffset, source.size)) {
    const change = changedRange(await source.read(0, header.length, signal), header);
    if (!change) {
      return 'nothing';
    }
    if (Math.floor(change.first / SECTOR) === Math.floor(change.last / SECTOR)) {
      await overwrite(path, header.subarray(change.first, change.last + 1), change.first);
      return 'header';
    }
  }
  await copyWithHeader(replacement);
  return 'file';
}

function changedRange(before: Uint8Array, after: Uint8Array): { first: number; last: number } | null {
  const first = after.findIndex((byte, i) => byte !== before[i]);
  const last = after.findLastIndex((byte, i) => byte !== before[i]);
  return first < 0 ? null : { first, last };
}

async function overwrite(path: string, bytes: Uint8Array, position: number): Promise<void> {
  try {
    const handle = await open(path, 'r+');
    try {
      await handle.write(bytes, 0, bytes.length, position);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw writeError(error as NodeJS.ErrnoException, [{ path, header: bytes, size: 0 }]);
  }
}

async function copyWithHeader(replacement: Replacement): Promise<void> {
  const { source, dataOffset, header, path, inPlace, signal, onProgress } = replacement;
  const total = Math.max(0, source.size - dataOffset);
  const files = new PartialFiles([{ path, header, size: header.length + total }]);
  try {
    await files.open();
    for (let done = 0; done < total; ) {
      const piece = await source.read(dataOffset + done, Math.min(PIECE, total - done), signal);
      await files.write(0, piece, header.length + done);
      files.flushBehind();
      done += piece.length;
      onProgress(done, total);
    }
    if (inPlace) {
      fchmodSync(files.fds[0] as number, (await stat(path)).mode);
    }
    await files.finish();
  } catch (error) {
    await files.discard();
    throw error;
  }
}

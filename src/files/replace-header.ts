import { fchmodSync, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { SourceError } from '../errors.js';
import type { ProgressEvent, WarningEvent } from '../events.js';
import type { Guard } from '../output/guard.js';
import { GGUF_FILE } from '../output/kinds.js';
import { PartialFiles } from '../output/partial-files.js';
import { writeError } from '../output/write-error.js';
import type { OpenedFile } from '../repo/open-file.js';

/**
 * What was written: nothing; bytes of the header; or the whole file, as a copy that then got the file's name.
 *
 * After a crash the file must be the old or the new one. Only what lies within one sector is written as a whole by every
 * disk, so only such a change (a number, a string of the same length) is made in the file itself. A journal would allow
 * more, but other programs, which don't know of it, would see a torn header until it is played back.
 */
export type Written = 'nothing' | 'header' | 'file';

/** A file's tensors under another header. */
export interface Edition {
  readonly source: OpenedFile;
  /** Where the tensors' data begins in the source. */
  readonly dataOffset: number;
  readonly header: Uint8Array;
  readonly signal?: AbortSignal | undefined;
  readonly emit: (event: ProgressEvent | WarningEvent) => void;
}

/** Another program changed the file while it was edited. */
export class ChangedFileError extends SourceError {
  constructor(path: string) {
    super(`Another program changed ${path} while it was edited.`, 'Run the same command again.');
  }
}

const SECTOR = 512;
const PIECE = 8 * 2 ** 20;

/** @param path the source's, without links. @throws ResourceError, SourceError, InterruptedError */
export async function editInPlace(edition: Edition, path: string): Promise<Written> {
  const { source, dataOffset, header, signal } = edition;
  if (header.length === Math.min(dataOffset, source.size)) {
    const old = await source.read(0, header.length, signal);
    const change = changedRange(old, header);
    if (!change) {
      return 'nothing';
    }
    if (Math.floor(change.first / SECTOR) === Math.floor(change.last / SECTOR)) {
      await overwrite(path, old, header.subarray(change.first, change.last + 1), change.first);
      return 'header';
    }
  }
  await copy(edition, path, { inputs: new Map(), force: true }, ({ mode }, fd) => fchmodSync(fd, mode));
  return 'file';
}

/** @returns whether another file was replaced. @throws ResourceError, SourceError, InterruptedError, as `checkOutputs` */
export function editInto(edition: Edition, path: string, guard: Guard): Promise<boolean> {
  return copy(edition, path, guard);
}

function changedRange(before: Uint8Array, after: Uint8Array): { first: number; last: number } | null {
  const first = after.findIndex((byte, i) => byte !== before[i]);
  const last = after.findLastIndex((byte, i) => byte !== before[i]);
  return first < 0 ? null : { first, last };
}

/** @param old the header that the file must still begin with: another file may have been put at the path. */
async function overwrite(path: string, old: Uint8Array, bytes: Uint8Array, position: number): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r+');
    const now = new Uint8Array(old.length);
    const { bytesRead } = await handle.read(now, 0, now.length, 0);
    if (bytesRead < now.length || Buffer.compare(now, old) !== 0) {
      throw new ChangedFileError(path);
    }
    await handle.write(bytes, 0, bytes.length, position);
    await handle.sync();
  } catch (error) {
    throw writeError(error as NodeJS.ErrnoException, [{ path, size: bytes.length }]);
  } finally {
    await handle?.close();
  }
}

async function copy(
  { source, dataOffset, header, signal, emit }: Edition,
  path: string,
  guard: Guard,
  atEnd: (source: Stats, fd: number) => void = () => {},
): Promise<boolean> {
  const total = Math.max(0, source.size - dataOffset);
  const files = new PartialFiles([{ path, replaceable: GGUF_FILE, header, size: header.length + total }], guard, {
    emit,
  });
  try {
    await files.open();
    for (let done = 0; done < total; ) {
      const piece = await source.read(dataOffset + done, Math.min(PIECE, total - done), signal);
      await files.write(0, piece, header.length + done);
      files.flushBehind();
      done += piece.length;
      emit({ event: 'progress', unit: 'bytes', done, total });
    }
    const now = await stat(source.name).catch(() => null);
    if (now?.ino !== source.stats.ino || now.mtimeMs !== source.stats.mtimeMs) {
      throw new ChangedFileError(source.name);
    }
    atEnd(now, files.fds[0] as number);
    const [replaced = false] = await files.finish();
    return replaced;
  } catch (error) {
    await files.discard();
    throw error;
  }
}

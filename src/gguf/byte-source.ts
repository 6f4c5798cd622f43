import type { Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { InterruptedError, SourceError } from '../errors.js';

/** A file that can be read by position, wherever it is. */
export interface ByteSource {
  /** For messages. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A file on this machine. */
export interface OpenedFile extends ByteSource {
  /** When it was opened. */
  readonly stats: Stats;
}

export class UnreadableFileError extends SourceError {}

/** @throws UnreadableFileError when there is no such file. */
export async function openFile(path: string): Promise<OpenedFile> {
  const unreadable = (what: string, cause?: unknown) =>
    new UnreadableFileError(`${path} ${what}.`, 'Check the path and its permissions.', { cause });
  const handle = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(cause.code === 'ENOENT' ? 'does not exist' : `can't be opened: ${cause.message}`, cause);
  });
  const stats = await handle.stat();
  if (!stats.isFile()) {
    await handle.close();
    throw unreadable('is not a file');
  }
  return {
    name: path,
    size: stats.size,
    stats,
    async read(offset, length, signal) {
      if (signal?.aborted) {
        throw new InterruptedError({ cause: signal.reason });
      }
      const bytes = Buffer.alloc(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
        if (bytesRead === 0) {
          throw unreadable(`ended at byte ${offset + done} while it was read`);
        }
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

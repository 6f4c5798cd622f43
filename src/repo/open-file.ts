import type { Stats } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { InterruptedError, SourceError } from '../errors.js';
import type { ByteSource } from '../gguf/byte-source.js';
import { descriptorLimit } from '../system-limits.js';

/** A file on this machine. */
export interface OpenedFile extends ByteSource {
  /** When it was opened. */
  readonly stats: Stats;
}

export class UnreadableFileError extends SourceError {}

/** Opens a file for reads by position. @throws UnreadableFileError where it is missing, no file, or not readable; DescriptorLimitError */
export async function openFile(path: string): Promise<OpenedFile> {
  const unreadable = (what: string, cause?: unknown) =>
    new UnreadableFileError(`${path} ${what}.`, 'Check the path and its permissions.', { cause });
  const handle = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw (
      descriptorLimit(cause) ??
      unreadable(cause.code === 'ENOENT' ? 'does not exist' : `can't be opened: ${cause.message}`, cause)
    );
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

/**
 * A text file of this machine, whole.
 * @param refuse makes the error to throw from the system's reason.
 */
export async function readTextFile(path: string, refuse: (reason: string, cause: unknown) => Error): Promise<string> {
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw descriptorLimit(cause) ?? refuse(cause.message, cause);
  });
}

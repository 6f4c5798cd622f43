import type { BigIntStats } from 'node:fs';
import { type FileHandle, open as openFile, stat } from 'node:fs/promises';
import { InterruptedError } from '../errors.js';
import { descriptorLimit } from '../system-limits.js';
import { ShortFileError, UnreadableError } from './errors.js';
import type { RepoFile } from './repo.js';

const PIECE_BYTES = 2 ** 20;

/** The system's name for what went wrong: `EACCES`; null for an error that isn't the system's. */
export function errorCode(error: unknown): string | null {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}

/**
 * Fills `target` from `offset` on.
 * @param shown the name for messages.
 * @throws ShortFileError, UnreadableError
 */
export async function readLocalInto(
  file: string,
  shown: string,
  offset: number,
  target: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  await withFile(file, shown, async (handle) => {
    let filled = 0;
    while (filled < target.length) {
      checkSignal(signal);
      const { bytesRead } = await handle.read(target, filled, target.length - filled, offset + filled);
      if (bytesRead === 0) {
        throw new ShortFileError(shown, (await handle.stat()).size, offset + target.length);
      }
      filled += bytesRead;
    }
  });
}

/** The file's bytes in pieces of at most 1 MiB, each with memory of its own. */
export async function* streamLocal(file: string, shown: string, size: number, signal?: AbortSignal) {
  for (let offset = 0; offset < size; offset += PIECE_BYTES) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, size - offset));
    await readLocalInto(file, shown, offset, piece, signal);
    yield piece;
  }
}

/**
 * Checks that a file has that many bytes, before memory is allocated for them.
 * @throws ShortFileError
 */
export function checkLength(file: RepoFile, needs: number): void {
  if (needs > file.size) {
    throw new ShortFileError(file.path, file.size, needs);
  }
}

export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new InterruptedError();
  }
}

/** What is at the end of a path and its links; null where there is nothing. @throws UnreadableError */
export async function statOrNull(path: string, shown: string): Promise<BigIntStats | null> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') {
      return null;
    }
    throw new UnreadableError(shown, code ?? 'unknown');
  }
}

/** `RepoFile.version` of a local file. */
export function versionOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}

/** Files that are open at once: a model may have more shards than a process may open, and more at once are no faster. */
const MAX_OPEN = 16;
let open = 0;
const waiting: (() => void)[] = [];

async function withFile(file: string, shown: string, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  if (open === MAX_OPEN) {
    // Who closes a file leaves its place to the one who waits.
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else {
    open++;
  }
  let handle: FileHandle | undefined;
  try {
    handle = await openFile(file, 'r');
    await use(handle);
  } catch (error) {
    const code = errorCode(error);
    throw code === null ? error : (descriptorLimit(error) ?? new UnreadableError(shown, code));
  } finally {
    await handle?.close();
    const next = waiting.shift();
    if (next) {
      next();
    } else {
      open--;
    }
  }
}

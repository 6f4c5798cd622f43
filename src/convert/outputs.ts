import { close, fdatasync, fsync, ftruncate, open, rename, rm, write } from 'node:fs';
import { mkdir, stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ResourceError } from '../errors.js';

const fs = {
  close: promisify(close),
  fdatasync: promisify(fdatasync),
  fsync: promisify(fsync),
  ftruncate: promisify(ftruncate),
  open: promisify(open),
  rename: promisify(rename),
  rm: promisify(rm),
  write: promisify(write),
};

export class DiskFullError extends ResourceError {}
export class WriteError extends ResourceError {}

/** A file to be written: its header, and how long it will be. */
export interface Output {
  readonly path: string;
  readonly header: Uint8Array;
  readonly size: number;
}

/**
 * Files on their way: `PATH.partial` until all of them are whole, flushed and renamed. Bytes that nobody writes are
 * zero, which is what GGUF wants of padding.
 */
export class PartialFiles {
  readonly fds: number[] = [];
  readonly #created: string[] = [];
  #flushed: Promise<void> = Promise.resolve();
  #isFlushing = false;

  constructor(readonly outputs: readonly Output[]) {}

  /** @throws DiskFullError, WriteError */
  async open(): Promise<void> {
    await this.#guard(async () => {
      for (const { path } of this.outputs) {
        await makeFolder(dirname(resolve(path)));
      }
      await checkSpace(this.outputs);
      for (const { path, header, size } of this.outputs) {
        const partial = `${path}.partial`;
        const fd = await fs.open(partial, 'w');
        this.fds.push(fd);
        this.#created.push(partial);
        await fs.ftruncate(fd, size);
        await fs.write(fd, header, 0, header.length, 0);
      }
    });
  }

  /** Writes all bytes into one of the files. @throws DiskFullError, WriteError */
  async write(file: number, bytes: Uint8Array, position: number): Promise<void> {
    await this.#guard(async () => {
      for (let done = 0; done < bytes.length; ) {
        const fd = this.fds[file] as number;
        done += (await fs.write(fd, bytes, done, bytes.length - done, position + done)).bytesWritten;
      }
    });
  }

  /**
   * Starts to write to disk what is in memory so far, unless that is under way: the disk works while the cores do, and
   * little is left for the end. An error is kept for `finish`.
   */
  flushBehind(): void {
    if (!this.#isFlushing) {
      this.#isFlushing = true;
      this.#flushed = this.#flushed.then(async () => {
        for (const fd of this.fds) {
          await fs.fdatasync(fd);
        }
        this.#isFlushing = false;
      });
      this.#flushed.catch(() => {});
    }
  }

  /** Gives the files their names. @throws DiskFullError, WriteError */
  async finish(): Promise<void> {
    await this.#guard(async () => {
      await this.#flushed;
      for (const fd of this.fds) {
        await fs.fsync(fd);
      }
      await this.#close();
      for (const { path } of this.outputs) {
        await fs.rename(`${path}.partial`, path);
      }
      for (const folder of new Set(this.outputs.map(({ path }) => dirname(path)))) {
        await syncFolder(folder);
      }
    });
  }

  async discard(): Promise<void> {
    await this.#flushed.catch(() => {});
    await this.#close();
    for (const partial of this.#created) {
      await fs.rm(partial, { force: true });
    }
  }

  async #close(): Promise<void> {
    for (const fd of this.fds.splice(0)) {
      await fs.close(fd);
    }
  }

  async #guard(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      throw error instanceof ResourceError ? error : writeError(error as NodeJS.ErrnoException, this.outputs);
    }
  }
}

/** A failed write, in words. */
export function writeError(
  error: { code?: string | undefined; message: string },
  outputs: readonly Output[],
): ResourceError {
  const where = outputs.map(({ path }) => path).join(', ');
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT' || error.code === 'EFBIG') {
    return new DiskFullError(
      `The disk was full while writing ${where} (${bytes(total(outputs))} in all).`,
      'Free some space, or choose another folder with --out.',
      { cause: error },
    );
  }
  return new WriteError(`${where} cannot be written: ${error.message}.`, 'Choose another place with --out.', {
    cause: error,
  });
}

/** With those above it. Node's own recursive way never ends where a system refuses with ENOENT, as /proc does. */
export async function makeFolder(path: string): Promise<void> {
  if ((await stat(path).catch(() => null)) === null) {
    await makeFolder(dirname(path));
    await mkdir(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') {
        throw error;
      }
    });
  }
}

async function checkSpace(outputs: readonly Output[]): Promise<void> {
  const needed = new Map<string, number>();
  for (const { path, size } of outputs) {
    const folder = dirname(resolve(path));
    needed.set(folder, (needed.get(folder) ?? 0) + size);
  }
  for (const [folder, size] of needed) {
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < size) {
      throw new DiskFullError(
        `${folder} has ${bytes(bavail * bsize)} free, and the output needs ${bytes(size)}.`,
        'Free some space, or choose another folder with --out.',
      );
    }
  }
}

/** Makes the renames last through a power failure; not every system can. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const fd = await fs.open(folder, 'r');
    await fs.fsync(fd);
    await fs.close(fd);
  } catch {
    // Windows can't open folders; there is nothing to do.
  }
}

function total(outputs: readonly Output[]): number {
  return outputs.reduce((sum, { size }) => sum + size, 0);
}

function bytes(count: number): string {
  return `${(count / 2 ** 20).toFixed(1)} MiB`;
}

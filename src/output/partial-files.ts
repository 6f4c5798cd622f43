import { close, fdatasync, fsync, ftruncate, open, renameSync, rm, write } from 'node:fs';
import { mkdir, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { type WarningSink, warn } from '../warnings.js';
import { checkOutputs, type Guard, type Wanted } from './guard.js';
import { continueRun, type DoneRows, Journal, type PlanKey } from './journal.js';
import { clearLeftovers, partialPath, refuseBusy, release } from './leftovers.js';
import { DiskFullError, mebibytes, writeError } from './write-error.js';

const fs = {
  close: promisify(close),
  fdatasync: promisify(fdatasync),
  fsync: promisify(fsync),
  ftruncate: promisify(ftruncate),
  open: promisify(open),
  rm: promisify(rm),
  write: promisify(write),
};

/** A file to be written. */
export interface Output extends Wanted {
  /** Its first bytes. */
  readonly header: Uint8Array;
  /** Bytes; 0 where that is not known yet. */
  readonly size: number;
}

/** Bytes of all files together below which they are made again rather than kept. */
const LEAST_KEPT = 64 * 2 ** 20;

/** A file on its way: beside the place where it will stand, under a name of its own. */
interface Partial {
  readonly path: string;
  readonly target: string;
}

/**
 * Files on their way, under names of leftovers.ts until all of them are whole, flushed and renamed, so that a final
 * name never shows anything but a whole file, however many runs write to it. Bytes that nobody writes are zero, which is
 * what GGUF wants of padding.
 */
export class PartialFiles {
  /** Descriptors, in the order of the outputs. */
  readonly fds: number[] = [];
  readonly #partials: Partial[] = [];
  readonly #folders: string[] = [];
  #flushed: Promise<void> = Promise.resolve();
  #isFlushing = false;
  #journal: Journal | undefined;
  /** Rows that are written, but perhaps not on disk. */
  #written = new Map<number, number>();
  /** What an earlier run of the same plan left on disk; known once the files are open. */
  done: DoneRows = new Map();

  constructor(
    readonly outputs: readonly Output[],
    readonly guard: Guard = { inputs: new Map(), force: false },
    /** Hears of files that killed runs left. */
    readonly to: WarningSink = { emit: () => {} },
    /** With it, what is on disk is noted, and a killed run is gone on with. */
    readonly plan?: PlanKey,
  ) {}

  /**
   * Makes the files, or takes over those of a killed run of the same plan; what other killed runs left in their places is
   * removed.
   * @throws DiskFullError, WriteError, BusyOutputError, and as `checkOutputs`
   */
  async open(): Promise<void> {
    await this.#inWords(async () => {
      const targets = (await checkOutputs(this.outputs, this.guard)).map(({ target }) => target);
      for (const target of targets) {
        await makeFolder(dirname(target), this.#folders);
      }
      await refuseBusy(targets);
      const outputs = targets.map((target, i) => {
        return { target, partial: partialPath(target), size: this.outputs[i]?.size ?? 0 };
      });
      const found = this.plan === undefined ? null : await continueRun(this.plan, outputs);
      const [continued, reason] = typeof found === 'string' ? [null, found] : [found, null];
      this.#partials.push(...(continued ? outputs.map(({ target, partial: path }) => ({ path, target })) : []));
      this.#journal = continued?.journal;
      this.done = continued?.done ?? this.done;
      await this.#clearLeftovers(targets, reason);
      await checkSpace(
        await Promise.all(
          outputs.map(async ({ target, partial, size }) => {
            return [dirname(target), size - (continued ? await bytesOnDisk(partial) : 0)] as const;
          }),
        ),
      );
      for (const [i, { target, partial: path }] of outputs.entries()) {
        // `wx` opens no file that exists, not even through a link.
        const fd = await fs.open(path, continued ? 'r+' : 'wx');
        this.fds.push(fd);
        if (!continued) {
          this.#partials.push({ path, target });
        }
        const { header, size } = this.outputs[i] as Output;
        await fs.ftruncate(fd, size);
        await fs.write(fd, header, 0, header.length, 0);
      }
      if (this.plan !== undefined && outputs.length > 0) {
        this.#journal ??= Journal.begin(
          this.plan,
          outputs.map(({ partial }) => partial),
          this.done,
        );
      }
    });
  }

  async #clearLeftovers(targets: readonly string[], reason: string | null): Promise<void> {
    const cleared = await clearLeftovers(targets);
    if (cleared.length > 0) {
      const why = reason === null ? '' : `, since ${reason}`;
      warn(this.to, `Removed what a killed run had left${why}: ${cleared.join(', ')}.`);
    }
  }

  /** Writes all bytes into one of the files. @throws DiskFullError, WriteError */
  async write(file: number, bytes: Uint8Array, position: number): Promise<void> {
    await this.#inWords(async () => {
      for (let done = 0; done < bytes.length; ) {
        const fd = this.fds[file] as number;
        done += (await fs.write(fd, bytes, done, bytes.length - done, position + done)).bytesWritten;
      }
    });
  }

  /**
   * Starts to write to disk what is in memory so far, unless that is under way: the disk works while the cores do, and
   * little is left for the end. An error is kept for `finish`.
   * @param written rows that are written by now; they are noted once they are on disk.
   */
  flushBehind(written: DoneRows = new Map()): void {
    for (const [tensor, rows] of written) {
      this.#written.set(tensor, rows);
    }
    if (!this.#isFlushing) {
      this.#isFlushing = true;
      const noted = this.#written;
      this.#written = new Map();
      this.#flushed = this.#flushed.then(async () => {
        for (const fd of this.fds) {
          await fs.fdatasync(fd);
        }
        this.#journal?.note(noted);
        this.#isFlushing = false;
      });
      this.#flushed.catch(() => {});
    }
  }

  /**
   * Gives the files their names.
   * @returns whether each took the place of another file.
   * @throws DiskFullError, WriteError, and as `checkOutputs` of what came there in the meantime
   */
  async finish(): Promise<boolean[]> {
    return this.#inWords(async () => {
      await this.#flushed;
      for (const fd of this.fds) {
        await fs.fsync(fd);
      }
      await this.#close();
      const targets = this.#partials.map(({ target }) => target);
      const outputs = this.outputs.map((output, i) => ({ ...output, path: targets[i] ?? output.path }));
      const places = await checkOutputs(outputs, this.guard);
      // In one go: of two runs that write the same parts, all of one come after all of the other.
      for (let next = this.#partials[0]; next; next = this.#partials[0]) {
        renameSync(next.path, next.target);
        release(next.path);
        this.#partials.shift();
      }
      await this.#journal?.remove();
      this.#folders.splice(0);
      for (const folder of new Set(targets.map(dirname))) {
        await syncFolder(folder);
      }
      return places.map(({ stats }) => stats !== null);
    });
  }

  /**
   * Ends the work, and keeps the files for another run of the same plan where it would take some time to make them again.
   * @returns the files that are kept; none where they are so small, or so little of them is on disk, that it is not worth
   * while. `discard` removes them then.
   */
  async keep(): Promise<string[]> {
    const size = this.outputs.reduce((sum, output) => sum + output.size, 0);
    if (size < LEAST_KEPT || !this.#journal || !(await this.#isAllNoted()) || this.#journal.isEmpty) {
      return [];
    }
    await this.#close();
    this.#journal.close();
    this.#folders.splice(0);
    return this.#partials.splice(0).map(({ path }) => {
      release(path);
      return path;
    });
  }

  /** Removes what is not finished, and the folders that were made for it. */
  async discard(): Promise<void> {
    await this.#flushed.catch(() => {});
    await this.#close();
    await this.#journal?.remove();
    for (const { path } of this.#partials.splice(0)) {
      await fs.rm(path, { force: true });
      release(path);
    }
    for (const folder of this.#folders.splice(0).reverse()) {
      // Another run may have put something there.
      await rmdir(folder).catch(() => {});
    }
  }

  /** Notes what is written since the last flush. @returns whether everything could be flushed */
  async #isAllNoted(): Promise<boolean> {
    try {
      await this.#flushed;
      this.flushBehind();
      await this.#flushed;
      return true;
    } catch {
      return false;
    }
  }

  async #close(): Promise<void> {
    for (const fd of this.fds.splice(0)) {
      await fs.close(fd);
    }
  }

  async #inWords<Result>(action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      throw writeError(error as NodeJS.ErrnoException, this.outputs);
    }
  }
}

/**
 * Makes a folder and those above it. Node's `recursive` option never ends where a system refuses with ENOENT, as /proc
 * does.
 * @param made the folders that did not exist are appended to it.
 */
async function makeFolder(path: string, made: string[]): Promise<void> {
  if ((await stat(path).catch(() => null)) !== null) {
    return;
  }
  await makeFolder(dirname(path), made);
  try {
    await mkdir(path);
    made.push(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  }
}

/** Bytes that a file takes: those that were never written may take none. */
export async function bytesOnDisk(path: string): Promise<number> {
  const { blocks } = await stat(path);
  return blocks * BLOCK_BYTES;
}

/** Of `stat`'s blocks, on every system. */
const BLOCK_BYTES = 512;

async function checkSpace(sizes: readonly (readonly [folder: string, size: number])[]): Promise<void> {
  const needed = new Map<string, number>();
  for (const [folder, size] of sizes) {
    needed.set(folder, (needed.get(folder) ?? 0) + size);
  }
  for (const [folder, size] of needed) {
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < size) {
      throw new DiskFullError(
        `${folder} has ${mebibytes(bavail * bsize)} free, and the output needs ${mebibytes(size)}.`,
        'Free some space, or choose another folder.',
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

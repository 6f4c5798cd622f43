import { closeSync, openSync } from 'node:fs';
import { SourceError } from '../errors.js';
import type { Repo } from '../repo/repo.js';
import { descriptorLimit } from '../system-limits.js';
import type { Task } from './tasks.js';

/** A file of weights cannot be read. */
export class ReadError extends SourceError {}

/** Files that stay open. A task that reads more gets more. */
const MAX_OPEN = 64;

interface OpenFile {
  readonly fd: number;
  /** Running tasks that read it. */
  users: number;
}

/**
 * File descriptors of the local source files, which all workers share. A model may have more shards than a process may
 * open files, so those that were not used for the longest time are closed.
 */
export class LocalSources {
  /** The one that was not used for the longest time comes first. */
  readonly #files = new Map<string, OpenFile>();

  constructor(readonly repo: Repo) {}

  /**
   * Calls `action` with the descriptors of the files that a task reads, by their paths in the repository. They stay open
   * until it ends.
   * @throws ReadError, DescriptorLimitError, and what `action` throws
   */
  async use<T>(task: Task, action: (fds: Readonly<Record<string, number>>) => Promise<T>): Promise<T> {
    const used: OpenFile[] = [];
    const fds: [path: string, fd: number][] = [];
    try {
      for (const name of new Set(task.reads.map(({ file }) => file))) {
        const file = this.#file(name);
        file.users++;
        used.push(file);
        fds.push([name, file.fd]);
      }
      return await action(Object.fromEntries(fds));
    } finally {
      for (const file of used) {
        file.users--;
      }
    }
  }

  close(): void {
    for (const { fd } of this.#files.values()) {
      closeSync(fd);
    }
    this.#files.clear();
  }

  #file(name: string): OpenFile {
    const file = this.#files.get(name) ?? { fd: this.#open(this.repo.local(name) ?? name), users: 0 };
    // At the end again, since it is the one that was used last.
    this.#files.delete(name);
    this.#files.set(name, file);
    return file;
  }

  #open(path: string): number {
    while (this.#files.size >= MAX_OPEN && this.#closeOne()) {
      // One more is closed each time.
    }
    for (;;) {
      try {
        return openSync(path, 'r');
      } catch (error) {
        const limit = descriptorLimit(error);
        if (!limit) {
          throw readError(error as Error);
        }
        if (!this.#closeOne()) {
          throw limit;
        }
      }
    }
  }

  /** Closes the file that no task has used for the longest time. @returns whether there was one */
  #closeOne(): boolean {
    for (const [name, { fd, users }] of this.#files) {
      if (users === 0) {
        closeSync(fd);
        this.#files.delete(name);
        return true;
      }
    }
    return false;
  }
}

export function readError({ message }: { message: string }): ReadError {
  return new ReadError(`The weights cannot be read: ${message}.`, 'Check the disk and the files.');
}

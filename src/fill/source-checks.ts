import type { Repo } from '../repo/repo.js';
import { type Checking, type Compare, FileCheck } from './file-check.js';
import { sourceUses } from './source-uses.js';
import type { Task } from './tasks.js';
import type { WantedTensor } from './wanted.js';

/**
 * Compares the files of weights with the hashes that their host lists, while tasks read them. A hash takes a file's bytes
 * in order, so a task waits until those that began before it have read theirs; its memory is counted all the while. What
 * is read out of that order is remembered by a hash of its own, and compared when the file's hash has come to it.
 */
export class SourceChecks {
  readonly #files: ReadonlyMap<string, FileCheck>;

  constructor(repo: Repo, tensors: readonly WantedTensor[], how: Checking = {}) {
    const whole = sourceUses(tensors, repo).filter(({ check }) => check === 'whole');
    this.#files = new Map(whole.map((use) => [use.file.path, new FileCheck(repo, use, how)]));
  }

  /** To be called for each task when it begins, in the order of the tasks. */
  announce({ reads }: Task): Compare {
    const compares = reads.flatMap(({ file, offset, length, count, stride, at }) => {
      const check = this.#files.get(file);
      return check === undefined
        ? []
        : Array.from({ length: count }, (_, i): Compare => {
            const compare = check.announce(offset + i * stride, length);
            const start = at + i * length;
            return (memory) => compare(memory?.subarray(start, start + length));
          });
    });
    return async (memory) => {
      await Promise.all(compares.map((compare) => compare(memory)));
    };
  }

  /** Reads what is missing for the hashes. @throws WrongHashError, ChangingFileError, and what the repository throws */
  async finish(): Promise<void> {
    for (const check of this.#files.values()) {
      await check.finish();
    }
  }
}

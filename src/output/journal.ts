import { closeSync, openSync, writeSync } from 'node:fs';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MAX_JOURNAL_BYTES } from '../limits.js';
import { journalPath, leftovers } from './leftovers.js';

/** All that decides the bytes of a run's files, as a hash for each kind of it. */
export interface PlanKey {
  /** This program. */
  readonly program: string;
  /** What is read. */
  readonly source: string;
  /** What becomes of it. */
  readonly output: string;
}

/** Why a run can't go on with what another one left, by the first part of the key that differs. */
const REASONS = {
  program: 'another version of hf2gguf made it',
  source: 'the source has changed since',
  output: 'it was made with other options',
} as const satisfies Record<keyof PlanKey, string>;

/** For each of a run's tensors, by its number: how many of its rows, from the first on, are on disk for sure. */
export type DoneRows = ReadonlyMap<number, number>;

/**
 * What a run has on disk, beside its first file on its way: a line that says which plan it follows and which files are its
 * own, and a line for each flush. A run that is killed leaves it, and the next one of the same plan goes on from there. The
 * system may lose its last lines, but a line is only written when what it is about is on disk.
 */
export class Journal {
  #fd: number | null;
  /** Whether nothing is on disk for sure. */
  isEmpty = true;

  private constructor(
    readonly path: string,
    fd: number,
  ) {
    this.#fd = fd;
  }

  /** @param partials the run's files on their way, in the order of the outputs. */
  static begin(plan: PlanKey, partials: readonly string[], done: DoneRows): Journal {
    const path = journalPath(partials[0] ?? '');
    const journal = new Journal(path, openSync(path, 'wx'));
    journal.#line(JSON.stringify({ version: 1, plan, files: partials.map((own) => basename(own)) }));
    journal.note(done);
    return journal;
  }

  note(done: DoneRows): void {
    if (done.size > 0) {
      this.isEmpty = false;
      this.#line([...done].map(([tensor, rows]) => `${tensor}:${rows}`).join(' '));
    }
  }

  #line(text: string): void {
    if (this.#fd !== null) {
      writeSync(this.#fd, `${text}\n`);
    }
  }

  /** The files are whole, or nothing of them is to stay. */
  async remove(): Promise<void> {
    if (this.#fd !== null) {
      this.close();
      await rm(this.path, { force: true });
    }
  }

  /** Nothing is added any more, and the journal stays for the next run. */
  close(): void {
    if (this.#fd !== null) {
      closeSync(this.#fd);
      this.#fd = null;
    }
  }
}

/** Files of a run that no longer lives. */
export interface Continued {
  /** The same files under names of this run, in the order of the targets. */
  readonly partials: readonly string[];
  readonly done: DoneRows;
  readonly journal: Journal;
}

/**
 * Takes over what a killed run of the same plan has left beside the targets.
 * @param outputs of this run: where each goes, what it is called on its way, and its size in bytes.
 * @returns why there is nothing to go on with, or null where nothing is left. What there is of other plans is for
 * `clearLeftovers`.
 */
export async function continueRun(
  plan: PlanKey,
  outputs: readonly { readonly target: string; readonly partial: string; readonly size: number }[],
): Promise<Continued | string | null> {
  let reason: string | null = null;
  for (const path of await leftovers(
    outputs.map(({ target }) => target),
    'journal',
  )) {
    const found = parseJournal(await readJournal(path));
    const other = found && (Object.keys(REASONS) as (keyof PlanKey)[]).find((key) => found.plan[key] !== plan[key]);
    if (other || found?.files.length !== outputs.length) {
      reason = other ? REASONS[other] : reason;
      continue;
    }
    const left = found.files.map((name, i) => join(dirname(outputs[i]?.target ?? ''), name));
    const sizes = await Promise.all(
      left.map((own) =>
        stat(own).then(
          ({ size }) => size,
          () => null,
        ),
      ),
    );
    if (outputs.every(({ size }, i) => sizes[i] === size)) {
      const partials = outputs.map(({ partial }) => partial);
      // Whatever ends this run from here on, files and journal agree: of names that do not exist nothing is taken over.
      const journal = Journal.begin(plan, partials, found.done);
      if (await renameAll(left, partials)) {
        await rm(path, { force: true });
        return { partials, done: found.done, journal };
      }
      await journal.remove();
      reason = 'another process has taken it';
    }
  }
  return reason;
}

/** @returns whether all were there; else none of the new names is. */
async function renameAll(from: readonly string[], to: readonly string[]): Promise<boolean> {
  try {
    for (const [i, path] of from.entries()) {
      await rename(path, to[i] ?? '');
    }
    return true;
  } catch (error) {
    for (const path of to) {
      await rm(path, { force: true });
    }
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

async function readJournal(path: string): Promise<string> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  return size > MAX_JOURNAL_BYTES ? '' : readFile(path, 'latin1').catch(() => '');
}

interface Noted {
  readonly plan: Readonly<Record<string, unknown>>;
  readonly files: readonly string[];
  readonly done: DoneRows;
}

/** @returns null for what no run has written. A last line without an end is left out. */
function parseJournal(text: string): Noted | null {
  const [head = '', ...lines] = text.split('\n').slice(0, -1);
  const { plan, files } = headOf(head);
  const isOurs =
    typeof plan === 'object' &&
    plan !== null &&
    Array.isArray(files) &&
    files.every((name) => typeof name === 'string' && basename(name) === name);
  if (!isOurs) {
    return null;
  }
  const done = new Map<number, number>();
  for (const entry of lines.flatMap((line) => line.split(' '))) {
    const [tensor, rows] = entry.split(':').map(Number);
    if (Number.isSafeInteger(tensor) && Number.isSafeInteger(rows)) {
      done.set(tensor as number, rows as number);
    }
  }
  return { plan: { ...plan }, files, done };
}

function headOf(line: string): { plan?: unknown; files?: unknown } {
  try {
    return JSON.parse(line) ?? {};
  } catch {
    return {};
  }
}

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { MAX_NAME_BYTES } from './place.js';

/**
 * Names of files on their way: `NAME.<host>-<process>-<start>-<random>.partial`, and `.journal` for what is known of them. A
 * run that is killed leaves its files; the next one that writes to the same place can tell whether the process still lives.
 * Its number alone would not do, since numbers are used again, and mean nothing on another machine that writes to the same
 * folder.
 */
const ENDING = /\.([0-9a-f]{8})-(\d{1,10})-(\d{1,20})-[0-9a-f]{8}\.(partial|journal)$/;
/** The longest ending that matches. */
const MAX_ENDING_BYTES = 60;
/** Milliseconds after which a file of another machine counts as left, if nothing was written to it. */
const FOREIGN_AGE = 24 * 60 * 60 * 1000;

/** A name beside the target for a file on its way, with as much of the target's name as there is room for. */
export function partialPath(target: string): string {
  const random = randomBytes(4).toString('hex');
  const ending = `.${host()}-${process.pid}-${startOf(process.pid) ?? '0'}-${random}.partial`;
  return join(dirname(target), stem(target) + ending);
}

/** The name of the journal of a run whose first file on its way has that name. */
export function journalPath(partial: string): string {
  return partial.replace(/partial$/, 'journal');
}

/** Files that runs which no longer live left beside targets. */
export async function leftovers(targets: readonly string[], kind?: 'partial' | 'journal'): Promise<string[]> {
  const stems = new Set(targets.map((target) => join(dirname(target), stem(target))));
  const found: string[] = [];
  for (const folder of new Set(targets.map(dirname))) {
    for (const name of await readdir(folder)) {
      const [path, ending] = [join(folder, name), ENDING.exec(name)];
      const isOfTarget = ending && stems.has(path.slice(0, -ending[0].length));
      if (isOfTarget && (kind ?? ending[4]) === ending[4] && (await isLeftover(path, ending))) {
        found.push(path);
      }
    }
  }
  return found;
}

/** Removes files that runs which no longer live left beside targets. @returns their paths */
export async function clearLeftovers(targets: readonly string[]): Promise<string[]> {
  const cleared: string[] = [];
  for (const path of await leftovers(targets)) {
    try {
      await rm(path);
      cleared.push(path);
    } catch {
      // It belongs to another user, or another run was faster.
    }
  }
  return cleared;
}

async function isLeftover(path: string, [, of, pid, start = '']: RegExpExecArray): Promise<boolean> {
  const stats = await lstat(path).catch(() => null);
  if (!stats?.isFile()) {
    return false;
  }
  return of === host() ? !lives(Number(pid), start) : Date.now() - stats.mtimeMs > FOREIGN_AGE;
}

/** Whether the process that had a number when it started at a time still runs. */
function lives(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') {
      return false;
    }
  }
  const now = startOf(pid);
  return now === undefined || now === start;
}

/** When a process started, in ticks since the machine did (proc(5), `stat`); undefined where the system does not say. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in brackets, which may have blanks and brackets in it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_FIELD - 3];
  } catch {
    return undefined;
  }
}

const START_FIELD = 22;

let known: string | undefined;

/** Tells apart where numbers of processes have a meaning of their own: machines, and containers of one. */
function host(): string {
  known ??= createHash('sha256').update(`${hostname()} ${processNamespace()}`).digest('hex').slice(0, 8);
  return known;
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function stem(target: string): string {
  let name = basename(target);
  while (Buffer.byteLength(name) > MAX_NAME_BYTES - MAX_ENDING_BYTES) {
    name = name.slice(0, -1);
  }
  return name;
}

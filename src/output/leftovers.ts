import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../errors.js';
import { MAX_NAME_BYTES } from './place.js';

/**
 * Names of files on their way: `NAME.<host>-<process>-<start>-<random>.partial`, and `.journal` for what is known of them.
 * A run that is killed leaves its files; the next one that writes to the same place can tell whether the process still
 * lives. Its number alone would not do, since numbers are used again, and mean nothing on another machine that writes to
 * the same folder.
 */
const ENDING = /\.([0-9a-f]{8})-(\d{1,10})-(\d{1,20})-[0-9a-f]{8}\.(partial|journal)$/;
/** The longest ending that matches. */
const MAX_ENDING_BYTES = 60;
/** Milliseconds after which a file of another machine counts as left, if nothing was written to it. */
const FOREIGN_AGE = 24 * 60 * 60 * 1000;

/** Another process writes to the output. */
export class BusyOutputError extends UsageError {
  constructor(target: string, pid: number) {
    super(`Process ${pid} is writing ${target}.`, 'Wait until it has ended, or name another output.');
  }
}

/** Files on their way that this process is at work on. */
const own = new Set<string>();

/**
 * A name beside the target for a file on its way, with as much of the target's name as there is room for. It counts as
 * written to until `release`, or until the process ends.
 */
export function partialPath(target: string): string {
  const random = randomBytes(4).toString('hex');
  const ending = `.${host()}-${process.pid}-${startOf(process.pid) ?? '0'}-${random}.partial`;
  const path = join(dirname(target), stem(target) + ending);
  own.add(path);
  return path;
}

/** Says that this process is no more at work on a file: if it is still there, it is left. */
export function release(partial: string): void {
  own.delete(partial);
}

/** The name of the journal of a run whose first file on its way has that name. */
export function journalPath(partial: string): string {
  return partial.replace(/partial$/, 'journal');
}

interface Temporary {
  readonly path: string;
  readonly target: string;
  readonly host: string;
  readonly pid: number;
  readonly start: string;
  readonly kind: string;
}

/** All files on their way beside targets, whether somebody writes to them or not. */
async function temporaries(targets: readonly string[]): Promise<Temporary[]> {
  const byStem = new Map(targets.map((target) => [join(dirname(target), stem(target)), target]));
  const found: Temporary[] = [];
  for (const folder of new Set(targets.map(dirname))) {
    for (const name of await readdir(folder)) {
      const [path, ending] = [join(folder, name), ENDING.exec(name)];
      const target = ending && byStem.get(path.slice(0, -ending[0].length));
      if (ending && target) {
        const [, host = '', pid, start = '', kind = ''] = ending;
        found.push({ path, target, host, pid: Number(pid), start, kind });
      }
    }
  }
  return found;
}

/** Refuses targets that another process of this machine writes to. @throws BusyOutputError */
export async function refuseBusy(targets: readonly string[]): Promise<void> {
  for (const { target, pid, start, kind, host: of } of await temporaries(targets)) {
    if (kind === 'partial' && of === host() && pid !== process.pid && lives(pid, start)) {
      throw new BusyOutputError(target, pid);
    }
  }
}

/** Files that runs which no longer live left beside targets. */
export async function leftovers(targets: readonly string[], kind?: 'partial' | 'journal'): Promise<string[]> {
  const found: string[] = [];
  for (const file of await temporaries(targets)) {
    if ((kind ?? file.kind) === file.kind && (await isLeftover(file))) {
      found.push(file.path);
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

async function isLeftover({ path, host: of, pid, start }: Temporary): Promise<boolean> {
  const stats = await lstat(path).catch(() => null);
  if (!stats?.isFile()) {
    return false;
  }
  if (of !== host()) {
    return Date.now() - stats.mtimeMs > FOREIGN_AGE;
  }
  const isOwn = pid === process.pid && start === (startOf(pid) ?? '0');
  return isOwn ? !own.has(path.replace(/journal$/, 'partial')) : !lives(pid, start);
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
  const fields = fieldsOf(pid);
  // One that has ended keeps its number until its parent asks how.
  return fields === undefined || (fields[START] === start && !/[ZX]/.test(fields[STATE] ?? ''));
}

/** When a process started, in ticks since the machine did; undefined where the system does not say. */
function startOf(pid: number): string | undefined {
  return fieldsOf(pid)?.[START];
}

/** What proc(5) has in `stat`, from the third field on. */
function fieldsOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in brackets, which may have blanks and brackets in it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

const [STATE, START] = [0, 19];

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

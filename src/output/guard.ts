import { stat } from 'node:fs/promises';
import { UsageError } from '../errors.js';
import { openFile } from '../repo/open-file.js';
import { inputFiles, type Reading } from './inputs.js';
import type { FileKind } from './kinds.js';
import { findPlace, OutputNameError, type Place } from './place.js';

/** An output that is one of the run's inputs. */
export class OverwriteError extends UsageError {}
/** Something that is no regular file is where an output should go. */
export class SpecialFileError extends UsageError {}
/** A file of another kind is where an output should go. */
export class OutputExistsError extends UsageError {}

/** A file that a run will write. */
export interface Wanted {
  readonly path: string;
  /** The kind of file that may exist there and is replaced; null for none. */
  readonly replaceable: FileKind | null;
}

/** What a run may not write to. */
export interface Guard {
  /** The files that the run reads: by identity, the name for messages. */
  readonly inputs: ReadonlyMap<string, string>;
  /** Whether any regular file may be replaced. */
  readonly force: boolean;
}

export interface ForceOption {
  /** Replace a file even where it is of another kind than what is written. @default false */
  readonly force?: boolean;
}

/**
 * Collects what a run reads.
 * @param params the call's parameters.
 * @param files paths on this machine of further files that the run reads.
 */
export async function guardOf(params: Reading & ForceOption, files: readonly string[] = []): Promise<Guard> {
  const inputs = new Map<string, string>();
  for (const file of [...(await inputFiles(params)), ...files]) {
    const stats = await stat(file, { bigint: true }).catch(() => null);
    if (stats) {
      inputs.set(identity(stats), file);
    }
  }
  return { inputs, force: params.force ?? false };
}

/** The file's identity, which all links to it share. */
function identity({ dev, ino }: { dev: bigint; ino: bigint }): string {
  return `${dev}:${ino}`;
}

/**
 * Follows the outputs' paths to their places, and refuses a place where something would be lost.
 * @throws OutputNameError, LinkLoopError, OverwriteError, SpecialFileError, OutputExistsError, WriteError
 */
export async function checkOutputs(outputs: readonly Wanted[], guard: Guard): Promise<Place[]> {
  const places: Place[] = [];
  for (const { path, replaceable } of outputs) {
    const place = await findPlace(path);
    const same = places.find(({ target }) => target === place.target);
    if (same) {
      throw new OutputNameError(
        same.path === path ? `Two outputs have the name ${path}.` : `${same.path} and ${path} are the same file.`,
        'Name another for one of them.',
      );
    }
    if (place.stats) {
      checkInputs(path, guard.inputs.get(identity(place.stats)));
      checkRegular(path, place.stats);
      await checkKind(place, replaceable, guard.force);
    }
    places.push(place);
  }
  return places;
}

function checkInputs(path: string, input: string | undefined): void {
  if (input !== undefined) {
    const as = input === path ? '' : ` (as ${input})`;
    throw new OverwriteError(`${path} is both source and output${as}.`, 'Name another output.');
  }
}

type Kinds = Pick<NonNullable<Place['stats']>, 'isFile' | 'isDirectory' | 'isFIFO' | 'isSocket'>;

function checkRegular(path: string, stats: Kinds): void {
  if (stats.isFile()) {
    return;
  }
  const what = stats.isDirectory() ? 'folder' : stats.isFIFO() ? 'FIFO' : stats.isSocket() ? 'socket' : 'device';
  throw new SpecialFileError(`${path} is a ${what}.`, 'Name a regular file, or one that does not exist yet.');
}

async function checkKind({ path, target, stats }: Place, kind: FileKind | null, force: boolean): Promise<void> {
  if (force || (kind && (stats?.size === 0n || (await isOfKind(target, kind))))) {
    return;
  }
  throw new OutputExistsError(
    `${path} exists already${kind ? ` and is no ${kind.name}` : ''}.`,
    'Choose another name, or replace it with --force.',
  );
}

/** Whether a file is of a kind. One that cannot be read is of none. */
async function isOfKind(path: string, kind: FileKind): Promise<boolean> {
  const file = await openFile(path).catch(() => null);
  try {
    return file !== null && (await kind.matches(file));
  } finally {
    await file?.close();
  }
}

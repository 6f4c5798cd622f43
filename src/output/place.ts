import type { BigIntStats } from 'node:fs';
import { lstat, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { UsageError } from '../errors.js';
import { writeError } from './write-error.js';

export class OutputNameError extends UsageError {}
export class LinkLoopError extends UsageError {}

/** The place at the end of a path and its links. */
export interface Place {
  /** The path as the caller gave it. */
  readonly path: string;
  /** The same from the root, without symbolic links: where the last one leads, whether something is there or not. */
  readonly target: string;
  /** What is there; null for nothing. */
  readonly stats: BigIntStats | null;
}

/** Links that a system follows before it reports a loop. */
const MAX_LINKS = 40;
/** Bytes of a name in a folder, in every common file system. */
export const MAX_NAME_BYTES = 255;

/**
 * Follows a path to its end, as a system does that creates a file there.
 * @throws OutputNameError, LinkLoopError; WriteError where the system lets nobody look
 */
export async function findPlace(path: string): Promise<Place> {
  if (path === '' || /[/\\]$/.test(path)) {
    throw new OutputNameError(
      path === '' ? 'The name of the output is empty.' : `${path} names a folder.`,
      'Name a file.',
    );
  }
  if (path.includes('\0')) {
    throw new OutputNameError(`${JSON.stringify(path)} has a NUL in it, which no name has.`, 'Choose another name.');
  }
  try {
    // `a/..` must not be cut from the text: where `a` is a link, `..` is the parent of the folder that it leads to.
    let target = isAbsolute(path) ? path : `${process.cwd()}/${path}`;
    for (let links = 0; links <= MAX_LINKS; links++) {
      target = join(await realFolder(dirname(target)), basename(target));
      checkLength(target);
      const stats = await lookAt(target);
      if (!stats?.isSymbolicLink()) {
        return { path, target, stats };
      }
      const link = await readlink(target);
      target = isAbsolute(link) ? link : `${dirname(target)}/${link}`;
    }
  } catch (error) {
    throw inWords(path, error as NodeJS.ErrnoException);
  }
  throw linkLoop(path);
}

/** The real path of the part that exists, with the rest appended as it is. */
async function realFolder(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) {
      throw error;
    }
    return join(await realFolder(dirname(path)), basename(path));
  }
}

function checkLength(target: string): void {
  const bytes = Buffer.byteLength(basename(target));
  if (bytes > MAX_NAME_BYTES) {
    throw new OutputNameError(
      `The file name ${basename(target).slice(0, 40)}… has ${bytes} bytes; at most ${MAX_NAME_BYTES} are possible.`,
      'Name the file with --out.',
    );
  }
}

async function lookAt(path: string): Promise<BigIntStats | null> {
  return lstat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') {
      throw error;
    }
    return null;
  });
}

function inWords(path: string, error: NodeJS.ErrnoException): Error {
  switch (error.code) {
    case 'ELOOP':
      return linkLoop(path);
    case 'ENOTDIR':
      return new OutputNameError(`${path} would lie in what is no folder.`, 'Choose another place.');
    case 'ENAMETOOLONG':
      return new OutputNameError(`${path.slice(0, 40)}… is too long for a path.`, 'Choose a shorter one.');
    default:
      return writeError(error, [{ path, size: 0 }]);
  }
}

function linkLoop(path: string): LinkLoopError {
  return new LinkLoopError(`${path} is a symbolic link that leads back to itself.`, 'Choose another name.');
}

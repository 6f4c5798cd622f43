import { fstatSync, writeSync } from 'node:fs';
import { ResourceError } from '../errors.js';

/** Standard output or standard error takes nothing more, such as a file on a full disk. */
export class StandardStreamError extends ResourceError {
  constructor(stream: string, { code, message }: NodeJS.ErrnoException) {
    super(
      FULL.includes(code) ? `The disk was full while writing ${stream}.` : `${stream} can't be written: ${message}.`,
      'Free some space or send it elsewhere, then run the same command again; files that were complete by then stay.',
    );
  }
}

const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

const STREAMS = [
  { name: 'standard output', stream: process.stdout, fd: 1 },
  { name: 'standard error', stream: process.stderr, fd: 2 },
];

const failed = new AbortController();

/** Aborted, with a StandardStreamError as its reason, when a standard stream fails: what is written then has no reader. */
export const streamFailure: AbortSignal = failed.signal;

/**
 * Watches the standard streams for errors.
 * A reader that has seen enough, such as head, ends no work: it may be writing files.
 * A terminal that was closed takes nothing more, and what is being written has to be removed first; then the process ends as
 * the system wanted it to, for Node aborts where it cannot give a terminal its settings back.
 */
export function watchStandardStreams(): void {
  let isClosed = false;
  for (const { name, stream, fd } of STREAMS) {
    if (isFile(fd)) {
      writeAll(stream, fd);
    }
    stream.on('error', (error: NodeJS.ErrnoException) => {
      isClosed ||= error.code === 'EIO';
      if (error.code !== 'EPIPE' && error.code !== 'EIO') {
        failed.abort(new StandardStreamError(name, error));
      }
    });
  }
  process.once('exit', () => isClosed && process.kill(process.pid, 'SIGHUP'));
}

/**
 * Has a stream into a file write all of each piece or fail. Node's own tries once: on a disk that is almost full, a
 * piece's end is lost without an error.
 */
function writeAll(stream: NodeJS.WriteStream, fd: number): void {
  stream._write = (piece: Uint8Array, _, done) => {
    try {
      for (let at = 0; at < piece.length; ) {
        at += writeSync(fd, piece, at);
      }
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    // The stream was closed before the process began.
    return false;
  }
}

/** Waits until errors of all that was written are known. @returns the first of them */
export async function firstStreamError(): Promise<StandardStreamError | undefined> {
  await new Promise(setImmediate);
  return streamFailure.reason;
}

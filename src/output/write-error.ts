import { Hf2ggufError, ResourceError } from '../errors.js';
import { descriptorLimit } from '../system-limits.js';

export class DiskFullError extends ResourceError {}
export class WriteError extends ResourceError {}

/** A file that is written: where, and how many bytes it will have. */
export interface SizedFile {
  readonly path: string;
  readonly size: number;
}

/** The typed error for a failed write. An error that is typed already stays. */
export function writeError(
  error: Error | { code?: string | undefined; message: string },
  outputs: readonly SizedFile[],
): Hf2ggufError {
  if (error instanceof Hf2ggufError) {
    return error;
  }
  const limit = descriptorLimit(error);
  if (limit) {
    return limit;
  }
  const where = outputs.map(({ path }) => path).join(', ');
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    const total = outputs.reduce((sum, { size }) => sum + size, 0);
    return new DiskFullError(
      `The disk was full while writing ${where} (${mebibytes(total)} in all).`,
      'Free some space, or choose another folder.',
      { cause: error },
    );
  }
  return new WriteError(`${where} cannot be written: ${error.message}.`, 'Choose another place.', {
    cause: error,
  });
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

import { getSystemErrorName } from 'node:util';
import { addon } from '../quantize/native.js';
import type { Segment } from '../tensor/operator.js';

/** The functions of native/addon/read-runs.cpp. */
interface ReadRunsAddon {
  readRuns(
    fd: number,
    target: Uint8Array,
    offset: number,
    length: number,
    count: number,
    stride: number,
  ): { read: number; errno: number };
}

/**
 * Reads runs of an open file into `target`, without the bytes between them.
 * @param target `count * length` bytes.
 * @returns the number of bytes that were read; it is smaller where the file ends.
 * @throws NodeJS.ErrnoException
 */
export function readRuns(fd: number, target: Uint8Array, runs: Omit<Segment, 'file'>): number {
  const { offset, length, count, stride } = runs;
  const { read, errno } = (addon() as unknown as ReadRunsAddon).readRuns(fd, target, offset, length, count, stride);
  if (errno !== 0) {
    const code = getSystemErrorName(-errno);
    throw Object.assign(new Error(`${code}, read`), { code });
  }
  return read;
}

import { getSystemErrorName } from 'node:util';
import { addon } from '../quantize/native.js';
import type { Segment } from '../tensor/operator.js';

/** native/addon/read-runs.cpp */
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
 * Reads runs of an open file, one right after the other.
 * @param target has `count` times `length` bytes.
 * @returns bytes that were read: fewer where the file ends.
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

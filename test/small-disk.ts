import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from './temp.js';

/** A file system of a size such as `2m`, where this user may mount one; else null, and the reason is printed. */
export function mountSmallDisk(size: string): { folder: string; unmount(): void } | null {
  const folder = join(tempFolder(), 'small');
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    console.warn('Not tested: mounting a small file system needs root on Linux.');
    return null;
  }
  return { folder, unmount: () => execFileSync('umount', [folder]) };
}

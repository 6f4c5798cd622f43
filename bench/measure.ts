import { spawn, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PEAK_REPORT } from '../test/peak-report.js';

export const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Seconds that it takes. */
export async function secondsOf(run: () => unknown): Promise<number> {
  const started = performance.now();
  await run();
  return (performance.now() - started) / 1000;
}

/** Runs the command line in a process of its own, from its start to its end: seconds. */
export async function timeCli(args: readonly string[]): Promise<number> {
  return timeNode([cli, ...args]);
}

export async function timeNode(args: readonly string[]): Promise<number> {
  return secondsOf(() => runNode(args));
}

/** Peak resident memory of the command line's process, MiB. */
export async function memoryOfCli(args: readonly string[]): Promise<number> {
  return memoryOf([cli, ...args]);
}

/** Peak resident memory of a process of Node, MiB. */
export async function memoryOf(args: readonly string[]): Promise<number> {
  const peaks = await runNode(['--import', PEAK_REPORT, ...args]);
  return Math.max(...peaks.trim().split('\n').map(Number)) / 1024;
}

/** What the process wrote to file descriptor 3. */
async function runNode(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  let [errors, reported] = ['', ''];
  child.stderr?.on('data', (piece: Buffer) => {
    errors += piece.toString();
  });
  child.stdio[3]?.on('data', (piece: Buffer) => {
    reported += piece.toString();
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) {
    throw new Error(`${args.join(' ')} ended with ${code}: ${errors}`);
  }
  return reported;
}

/** Removes files and waits until the disk is idle, so that one measurement doesn't pay for another's writes. */
export function settle(...files: readonly string[]): void {
  for (const file of files) {
    rmSync(file, { force: true });
  }
  spawnSync('sync');
}

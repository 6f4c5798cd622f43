import { spawn } from 'node:child_process';
import { cli } from '../paths.js';
import { PEAK_REPORT } from '../peak-report.js';

/** Seconds that a run may take on a busy machine; then it is killed. */
export const SECONDS = 60;
/** MiB that a run may take at its peak. */
export const MEMORY_MIB = 600;
/** Control characters (C0 and C1) and those that turn the direction of text, but no tabs and line ends. */
export const CONTROLS = /[^\P{Cc}\t\n]|\p{Bidi_Control}/u;

/** Characters of what a run prints that are looked at. */
const SHOWN = 2 ** 22;
/** How a run ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly seconds: number;
  /** What it printed on both streams. */
  readonly text: string;
  /** MiB; undefined for a process that was killed. */
  readonly memory: number | undefined;
}

/** Runs the command line in a process of its own, which is watched. */
export async function watchedCli(
  args: readonly string[],
  { env, cwd }: { readonly env: NodeJS.ProcessEnv; readonly cwd?: string },
): Promise<End> {
  const child = spawn(process.execPath, ['--import', PEAK_REPORT, cli, ...args], {
    ...{ cwd, stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: { PATH: process.env.PATH, ...env } },
  });
  const start = performance.now();
  const timer = setTimeout(() => child.kill('SIGKILL'), SECONDS * 1000);
  const [printed, peak] = [{ text: '' }, { text: '' }];
  for (const [at, to] of [
    [1, printed],
    [2, printed],
    [3, peak],
  ] as const) {
    child.stdio[at]?.on('data', (piece: Buffer) => {
      to.text = (to.text + piece.toString()).slice(0, SHOWN);
    });
  }
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('close', (...end) => resolve(end));
  });
  clearTimeout(timer);
  const peaks = peak.text.split('\n').map(Number);
  return {
    ...{ code, signal, seconds: (performance.now() - start) / 1000, text: printed.text },
    memory: peak.text === '' ? undefined : Math.round(Math.max(...peaks) / 1024),
  };
}

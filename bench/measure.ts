import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export interface ProcessFigures {
  readonly seconds: number;
  /** Peak resident memory of the process, MiB. */
  readonly memory: number;
}

/** Runs the command line in a process of its own. */
export function runCli(args: readonly string[]): Promise<ProcessFigures> {
  return runNode([cli, ...args]);
}

/** Runs Node on a script, and asks it for its peak memory at its end. */
export async function runNode(args: readonly string[]): Promise<ProcessFigures> {
  const report = `data:text/javascript,process.on('exit',()=>console.error('peak',process.resourceUsage().maxRSS))`;
  const started = performance.now();
  const child = spawn(process.execPath, ['--import', report, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (piece: Buffer) => {
    errors += piece.toString();
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) {
    throw new Error(`${args.join(' ')} ended with ${code}: ${errors}`);
  }
  return {
    seconds: (performance.now() - started) / 1000,
    memory: Number(/peak (\d+)/.exec(errors)?.[1]) / 1024,
  };
}

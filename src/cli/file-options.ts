import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import type { OutputParams } from '../plan/params.js';
import { parseBytes } from './format.js';
import type { HubFlags } from './hub-options.js';
import { parseNumber } from './number.js';
import { GivenTwiceError } from './repeatable.js';

/** Options of every command that writes GGUF files, as commander gives them. */
export interface FileFlags extends HubFlags {
  readonly out?: string | undefined;
  readonly outfile?: string | undefined;
  readonly jobs?: number | undefined;
  readonly maxMemory?: string | undefined;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly force?: boolean;
  readonly verify?: boolean;
}

export const FORCE_HELP = 'replace a file that is there even where it is of another kind';

/** What the work may take of the machine. */
export function addWorkOptions(command: Command): Command {
  return command
    .option('--max-memory <bytes>', 'bytes of buffers, such as 256M (default: 192M)')
    .option('--jobs <n>', 'worker threads (default: one per core)', parseNumber);
}

/** @param out what the help says of --out. */
export function addFileOptions(command: Command, out: string): Command {
  command
    .option('-o, --out <path>', out)
    .option('--outfile <path>', 'the same as --out')
    .option('--force', FORCE_HELP)
    .option('--dry-run', 'print the plan and write nothing')
    .option('--json', 'events as JSON lines; the plan as JSON with --dry-run')
    .option('--verify', 'compare local files with the hashes that are known of them');
  return addWorkOptions(command);
}

/** The output, which a word may name too. @throws GivenTwiceError */
export function oneOut(word: string | undefined, { out, outfile }: FileFlags): string | undefined {
  const [first, second] = [word, out, outfile].filter((path) => path !== undefined);
  if (second !== undefined) {
    throw new GivenTwiceError(`The output is given twice: ${first} and ${second}.`, 'Give it once.');
  }
  return first;
}

/** @throws UsageError */
export function toFileParams({ out, jobs, maxMemory, force, verify }: FileFlags, signal: AbortSignal): OutputParams {
  const memory = maxMemory === undefined ? undefined : parseBytes(maxMemory);
  if (memory === null) {
    throw new UsageError(`--max-memory ${maxMemory} is no size.`, 'Give bytes, or a number with K, M or G.');
  }
  return {
    signal,
    ...(out !== undefined && { output: out }),
    ...(jobs !== undefined && { jobs }),
    ...(force !== undefined && { force }),
    ...(verify !== undefined && { verify }),
    ...(memory !== undefined && { maxMemory: memory }),
  };
}

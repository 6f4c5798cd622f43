import { type Command, CommanderError } from 'commander';
import { EXIT, type ExitCode, Hf2ggufError } from '../errors.js';
import { packageVersion } from '../output/version.js';
import { screen } from './terminal/screen.js';

/** The first line of `--json`. */
export interface StartEvent {
  readonly event: 'start';
  /** Another number where a field of an event is changed or taken out; fields may be added under the same. */
  readonly schema: 1;
  /** Of hf2gguf. */
  readonly version: string;
  /** `convert`, `quantize`, ... */
  readonly command: string;
}

/** The last line of `--json` where the exit code is not 0. */
export interface ErrorEvent {
  readonly event: 'error';
  /** The error's class. */
  readonly name: string;
  /** What is wrong, and where: a sentence. */
  readonly what: string;
  /** What can be done about it: a sentence. */
  readonly next: string;
  readonly exitCode: ExitCode;
}

/** Commands whose `--json` is one document instead of events. */
const DOCUMENTS: ReadonlySet<string> = new Set(['archs', 'diff', 'inspect']);

/** Has a command begin its events with `start`, before it does anything. */
export function announceStart(program: Command): void {
  program.hook('preAction', (_, command) => {
    const { json, dryRun } = command.opts<{ json?: boolean; dryRun?: boolean }>();
    if (json && !dryRun && !DOCUMENTS.has(command.name())) {
      const name = command === program ? 'convert' : command.name();
      const start: StartEvent = { event: 'start', schema: 1, version: packageVersion(), command: name };
      screen.json(start);
    }
  });
}

/** Whatever ended a command, as an event. */
export function errorEvent(error: unknown): ErrorEvent {
  if (error instanceof Hf2ggufError) {
    const { name, what, next, exitCode } = error;
    return { event: 'error', name, what, next, exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CommanderError) {
    const [what = '', hint] = message.replace(/^error: /, '').split('\n');
    const next = hint?.replace(/^\((.*)\)$/, '$1') ?? 'hf2gguf --help lists what there is.';
    return { event: 'error', name: 'UsageError', what: sentence(what), next, exitCode: EXIT.usage };
  }
  return {
    event: 'error',
    name: error instanceof Error ? error.name : 'Error',
    what: `A bug of ours: ${message}`,
    next: 'Please report it; HF2GGUF_DEBUG=1 shows where it happened.',
    exitCode: EXIT.bug,
  };
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.?$/, '.')}`;
}

import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { EXIT, Hf2ggufError } from '../errors.js';
import { printable } from '../printable.js';
import { registerSecretsOf } from '../secrets.js';
import { typedLimit } from '../system-limits.js';
import { errorEvent } from './json-stream.js';
import { program } from './program.js';
import { firstStreamError, watchStandardStreams } from './standard-streams.js';
import { screen } from './terminal/screen.js';

/** Commander has printed its own errors by now; ours are a sentence, with a stack trace only for who asks. */
function report(error: unknown): number {
  screen.clear();
  if (error instanceof CommanderError && error.exitCode === 0) {
    return EXIT.done;
  }
  if (process.argv.includes('--json')) {
    screen.json(errorEvent(error));
  }
  if (error instanceof CommanderError) {
    return EXIT.usage;
  }
  if (process.env.HF2GGUF_DEBUG) {
    screen.trace(`${inspect(error)}\n`);
  }
  if (error instanceof Hf2ggufError) {
    screen.error(printable(error.message));
    return error.exitCode;
  }
  const message = error instanceof Error ? error.message : String(error);
  screen.error(`a bug of ours: ${printable(message)} Please report it; HF2GGUF_DEBUG=1 shows where it happened.`);
  return EXIT.bug;
}

/** Runs the command that the process was called with, and sets its exit code. */
export async function runCommandLine(): Promise<void> {
  watchStandardStreams();
  // Node would write what nobody caught as it is.
  process.on('uncaughtException', (error) => process.exit(report(typedLimit(error))));
  registerSecretsOf(process.env);
  let failure: unknown;
  try {
    const command = program();
    if (process.argv.length <= 2) {
      command.help({ error: true });
    }
    await command.parseAsync();
  } catch (error) {
    failure = typedLimit(error);
  }
  failure = (await firstStreamError()) ?? failure;
  if (failure !== undefined) {
    process.exitCode = report(failure);
  }
}

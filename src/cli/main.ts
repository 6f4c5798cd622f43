#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { EXIT, Hf2ggufError } from '../errors.js';
import { archsCommand } from './archs.js';
import { checkCommand } from './check.js';
import { convertCommand } from './convert.js';
import { diffCommand } from './diff.js';
import { editCommand } from './edit.js';
import { printable } from './format.js';
import { imatrixCommand } from './imatrix.js';
import { inspectCommand } from './inspect.js';
import { toJsonLine } from './json.js';
import { announceStart, errorEvent } from './json-stream.js';
import { mergeCommand } from './merge.js';
import { quantizeCommand } from './quantize.js';
import { runCommand } from './run.js';
import { splitCommand } from './split.js';
import { packageVersion } from './version.js';

const EXIT_CODES = `
Exit codes:
  0 done   1 a bug in hf2gguf   2 usage   3 unsupported model or option   4 bad source file
  5 Hub, network or access   6 memory or disk   7 refused by --strict or a limit   130 interrupted`;

function program(): Command {
  const command = convertCommand(new Command('hf2gguf').version(packageVersion()))
    .addCommand(quantizeCommand())
    .addCommand(imatrixCommand())
    .addCommand(runCommand())
    .addCommand(inspectCommand())
    .addCommand(splitCommand())
    .addCommand(mergeCommand())
    .addCommand(diffCommand())
    .addCommand(editCommand())
    .addCommand(checkCommand())
    .addCommand(archsCommand())
    .addHelpText('after', EXIT_CODES)
    .configureHelp({ sortOptions: false })
    .exitOverride();
  announceStart(command);
  command.enablePositionalOptions();
  for (const sub of command.commands) {
    sub.exitOverride();
  }
  return command;
}

/** Commander has printed its own errors by now; ours are a sentence, with a stack trace only for who asks. */
function report(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) {
    return EXIT.done;
  }
  if (process.argv.includes('--json')) {
    console.log(toJsonLine(errorEvent(error)));
  }
  if (error instanceof CommanderError) {
    return EXIT.usage;
  }
  if (process.env.HF2GGUF_DEBUG) {
    console.error(error);
  }
  if (error instanceof Hf2ggufError) {
    console.error(`hf2gguf: ${printable(error.message)}`);
    return error.exitCode;
  }
  const message = error instanceof Error ? error.message : String(error);
  console.error(
    `hf2gguf: a bug of ours: ${printable(message)} Please report it; HF2GGUF_DEBUG=1 shows where it happened.`,
  );
  return EXIT.bug;
}

// A reader that has seen enough, such as head, ends no work: it may be writing files.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') {
    throw error;
  }
});

try {
  await program().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

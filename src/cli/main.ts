#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { EXIT, Hf2ggufError } from '../errors.js';
import { archsCommand } from './archs.js';
import { checkCommand } from './check.js';
import { completionCommand } from './completion.js';
import { convertCommand } from './convert.js';
import { diffCommand } from './diff.js';
import { addDisplayOptions } from './display-options.js';
import { editCommand } from './edit.js';
import { checkEnvironment } from './environment.js';
import { printable } from './format.js';
import { configureHelp } from './help.js';
import { imatrixCommand } from './imatrix.js';
import { inspectCommand } from './inspect.js';
import { toJsonLine } from './json.js';
import { announceStart, errorEvent } from './json-stream.js';
import { COMMANDS } from './meant.js';
import { mergeCommand } from './merge.js';
import { quantizeCommand } from './quantize.js';
import { refuseRepeated } from './repeatable.js';
import { runCommand } from './run.js';
import { splitCommand } from './split.js';
import { screen } from './terminal/screen.js';
import { typesCommand } from './types.js';
import { packageVersion } from './version.js';

const EXIT_CODES = `
Exit codes:
  0 done             1 a bug in hf2gguf         2 usage
  3 unsupported      4 bad source file          5 Hub, network or access
  6 memory or disk   7 refused by --strict or a limit
  130 interrupted`;

function program(): Command {
  const command = convertCommand(new Command('hf2gguf').version(packageVersion()))
    .addCommand(convertCommand(new Command('convert')), { hidden: true })
    .addCommand(quantizeCommand())
    .addCommand(imatrixCommand())
    .addCommand(runCommand())
    .addCommand(inspectCommand())
    .addCommand(splitCommand())
    .addCommand(mergeCommand())
    .addCommand(diffCommand())
    .addCommand(editCommand())
    .addCommand(checkCommand())
    .addCommand(typesCommand())
    .addCommand(archsCommand())
    .addCommand(completionCommand())
    .helpCommand('help [command]', 'Show the help of a command.')
    .addHelpText('after', EXIT_CODES)
    .enablePositionalOptions()
    .exitOverride();
  command.hook('preAction', () => checkEnvironment(process.env));
  announceStart(command);
  COMMANDS.push(...command.commands.map((sub) => sub.name()));
  addDisplayOptions(command);
  configureHelp(command, (text) => screen.error(text));
  refuseRepeated(command);
  for (const sub of command.commands) {
    refuseRepeated(sub);
  }
  return command;
}

/** Commander has printed its own errors by now; ours are a sentence, with a stack trace only for who asks. */
function report(error: unknown): number {
  screen.clear();
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
    screen.error(printable(error.message));
    return error.exitCode;
  }
  const message = error instanceof Error ? error.message : String(error);
  screen.error(`a bug of ours: ${printable(message)} Please report it; HF2GGUF_DEBUG=1 shows where it happened.`);
  return EXIT.bug;
}

// A reader that has seen enough, such as head, ends no work: it may be writing files.
// A terminal that was closed takes nothing more, and what is being written has to be removed first; then this ends as the
// system wanted it to, for Node aborts where it cannot give a terminal its settings back.
let isClosed = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') {
      throw error;
    }
    isClosed ||= error.code === 'EIO';
  });
}
process.once('exit', () => isClosed && process.kill(process.pid, 'SIGHUP'));

try {
  const command = program();
  if (process.argv.length <= 2) {
    command.help({ error: true });
  }
  await command.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

import { Command } from 'commander';
import { packageVersion } from '../output/version.js';
import { archsCommand } from './archs.js';
import { checkCommand } from './check.js';
import { completionCommand } from './completion.js';
import { convertCommand } from './convert.js';
import { diffCommand } from './diff.js';
import { addDisplayOptions } from './display-options.js';
import { editCommand } from './edit.js';
import { checkEnvironment } from './environment.js';
import { configureHelp } from './help.js';
import { imatrixCommand } from './imatrix.js';
import { inspectCommand } from './inspect.js';
import { announceStart } from './json-stream.js';
import { COMMANDS } from './meant.js';
import { mergeCommand } from './merge.js';
import { publishCommand } from './publish.js';
import { quantizeCommand } from './quantize.js';
import { refuseRepeated } from './repeatable.js';
import { runCommand } from './run.js';
import { serveCommand, workerCommand } from './serve.js';
import { splitCommand } from './split.js';
import { screen } from './terminal/screen.js';
import { typesCommand } from './types.js';
import { watchCommand } from './watch.js';

const EXIT_CODES = `
Exit codes:
  0 done             1 a bug in hf2gguf         2 usage
  3 unsupported      4 bad source file          5 Hub, network or access
  6 memory or disk   7 refused by --strict or a limit
  130 interrupted`;

/** All commands with their options. */
export function program(): Command {
  const command = convertCommand(new Command('hf2gguf').version(packageVersion()))
    .addCommand(convertCommand(new Command('convert')), { hidden: true })
    .addCommand(quantizeCommand())
    .addCommand(publishCommand())
    .addCommand(watchCommand())
    .addCommand(serveCommand())
    .addCommand(workerCommand())
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

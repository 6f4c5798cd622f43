import type { Command } from 'commander';
import { screen } from './terminal/screen.js';

/** Adds the options for how much is shown to a command and all below it. */
export function addDisplayOptions(program: Command): void {
  for (const command of [program, ...program.commands]) {
    command
      .optionsGroup('Display:')
      .option('--quiet', 'results and errors only')
      .option('-v, --verbose', 'stages with their times; with --dry-run every tensor')
      .option('--no-progress', 'no moving line, and no lines about progress');
  }
  program.hook('preAction', (_, command) => {
    const { quiet, verbose, progress } = command.optsWithGlobals<typeof screen.loudness>();
    screen.loudness = { quiet: quiet ?? false, verbose: verbose ?? false, progress: progress ?? true };
    // What remains are the command's own, which are handed on to the library.
    for (const name of ['quiet', 'verbose', 'progress']) {
      command.setOptionValue(name, undefined);
    }
  });
}

import { Command } from 'commander';
import { inspect } from '../gguf-files/inspect.js';
import { addHubOptions, type HubFlags, toSource } from './hub-options.js';
import { renderInspection } from './inspect-table.js';
import { interruptible } from './interrupt.js';
import { textReporter } from './reporter.js';
import { screen } from './terminal/screen.js';

export function inspectCommand(): Command {
  return addHubOptions(new Command('inspect'))
    .description("Show a GGUF file's metadata and tensors; of a file on the Hub, only the header is fetched.")
    .argument('<source>', 'FILE.gguf, or org/model[@revision]:file.gguf')
    .option('--json', 'one JSON object, arrays in full')
    .action(run);
}

function run(source: string, { json, ...flags }: HubFlags & { readonly json?: boolean }): Promise<void> {
  return interruptible(async (signal) => {
    const reporter = textReporter();
    const file = await inspect({ ...(await toSource(source, flags)), signal, emit: reporter.event });
    for (const warning of file.warnings) {
      reporter.event({ event: 'warning', ...warning });
    }
    if (json) {
      screen.json(file, Number.POSITIVE_INFINITY);
    } else {
      screen.print(renderInspection(file, screen.width, screen.paintOut));
    }
  });
}

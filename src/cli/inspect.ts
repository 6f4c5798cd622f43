import { Command } from 'commander';
import { inspect } from '../inspect.js';
import { warningText } from './format.js';
import { addHubOptions, type HubFlags, toSource } from './hub-options.js';
import { renderInspection } from './inspect-table.js';
import { interruptible } from './interrupt.js';
import { toJsonLine } from './json.js';

export function inspectCommand(): Command {
  return addHubOptions(new Command('inspect'))
    .description("Show a GGUF file's metadata and tensors; of a file on the Hub, only the header is fetched.")
    .argument('<source>', 'FILE.gguf, or org/model[@revision]:file.gguf')
    .option('--json', 'one JSON object, arrays in full')
    .action(run);
}

function run(source: string, { json, ...flags }: HubFlags & { readonly json?: boolean }): Promise<void> {
  return interruptible(async (signal) => {
    const file = await inspect({ ...(await toSource(source, flags)), signal });
    for (const warning of file.warnings) {
      process.stderr.write(`${warningText(warning)}\n`);
    }
    process.stdout.write(`${json ? toJsonLine(file, Number.POSITIVE_INFINITY) : renderInspection(file)}\n`);
  });
}

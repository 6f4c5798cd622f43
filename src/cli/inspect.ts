import { Command } from 'commander';
import { inspect } from '../inspect.js';
import { inspectionJson } from './inspect-json.js';
import { renderInspection } from './inspect-table.js';

export function inspectCommand(): Command {
  return new Command('inspect')
    .description("Show a GGUF file's metadata and tensors; of a file on the Hub, only the header is fetched.")
    .argument('<source>', 'FILE.gguf, or org/model[@revision]:file.gguf')
    .option('--json', 'one JSON object, arrays in full')
    .action(run);
}

async function run(source: string, { json }: { readonly json?: boolean }): Promise<void> {
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const file = await inspect({ source, signal: interrupt.signal });
    process.stdout.write(`${json ? inspectionJson(file) : renderInspection(file)}\n`);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

import { Command } from 'commander';
import { printable } from '../printable.js';
import type { ImatrixEvent, ImatrixParams, ImatrixResult } from '../runner/imatrix/imatrix.js';
import { FORCE_HELP } from './file-options.js';
import { formatBytes } from './format.js';
import { addHubOptions, type HubFlags, toSource, toToken } from './hub-options.js';
import { interruptible } from './interrupt.js';
import { parseNumber } from './number.js';
import { append } from './repeatable.js';
import { textReporter } from './reporter.js';
import { screen } from './terminal/screen.js';

interface Flags extends HubFlags, Omit<ImatrixParams, 'source' | 'output' | 'signal' | 'fetch'> {
  readonly out: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  hf2gguf imatrix model-BF16.gguf --text calibration.txt --out imatrix.gguf
  hf2gguf imatrix org/model --out imatrix.gguf                the bundled text, the model straight from the Hub
  hf2gguf imatrix --in a.gguf --in b.gguf --out both.gguf     no model: only merged`;

export function imatrixCommand(): Command {
  return addHubOptions(new Command('imatrix'))
    .description('Compute an importance matrix for quantization, as llama-imatrix does.')
    .argument('[model]', 'FILE.gguf or org/model:file.gguf, or a model to convert: a folder, or org/model[@revision]')
    .option('--text <file>', 'what the model runs over (default: a bundled text)')
    .option('-o, --out <file>', 'the file to write', 'imatrix.gguf')
    .option('--force', FORCE_HELP)
    .option('--in <file>', 'an importance matrix to add: a path, or org/model:file (repeatable)', append)
    .option('--chunks <n>', 'chunks of the text at most (default: all)', parseNumber)
    .option('--ctx <n>', 'tokens of a chunk', parseNumber, 512)
    .option('--process-output', 'also gather what output.weight is multiplied with')
    .option('--parse-special', 'recognise special tokens in the text')
    .option('--legacy', 'write the format before GGUF')
    .option('--jobs <n>', 'threads (default: one per core)', parseNumber)
    .option('--json', 'events as JSON lines')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

function run(model: string | undefined, { json, out, revision, tokenFile, ...flags }: Flags): Promise<void> {
  const report = json ? (event: ImatrixEvent) => screen.json(event) : textReport();
  return interruptible(async (signal) => {
    const hub = { revision, tokenFile };
    const { imatrix } = await import('../runner/imatrix/imatrix.js');
    for await (const event of imatrix({
      ...flags,
      output: out,
      signal,
      ...(model === undefined ? toToken(hub) : await toSource(model, hub)),
    })) {
      report(event);
    }
  });
}

function textReport(): (event: ImatrixEvent) => void {
  const reporter = textReporter();
  return (event) => {
    if (event.event === 'done') {
      screen.end();
      screen.print(resultLine(event.result));
    } else {
      reporter.event(event);
    }
  };
}

function resultLine({ path, size, entries, chunks, datasets, replaced }: ImatrixResult): string {
  const line = `${printable(path)}  ${formatBytes(size)}  ${entries} entries, ${chunks} ${chunks === 1 ? 'chunk' : 'chunks'} of ${printable(datasets.join(', '))}`;
  return replaced ? `${line}  replaced` : line;
}

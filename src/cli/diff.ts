import { Command } from 'commander';
import { GateError } from '../errors.js';
import { diff } from '../files/diff.js';
import { renderDifference } from './diff-table.js';
import { addHubOptions, type HubFlags, toToken } from './hub-options.js';
import { interruptible } from './interrupt.js';
import { textReporter } from './reporter.js';
import { screen } from './terminal/screen.js';

class FilesDifferError extends GateError {}

const HELP = `
Key-values, then tensors: + is in B alone, - in A alone, ~ in both but not the same. Of tensors of the same shape the
error of B's values is shown: the root of the mean squared difference (RMSE), the same relative to A's values, and the
largest difference. How the files are laid out, or into how many parts, does not count.

Examples:
  hf2gguf diff model-F16.gguf model-Q4_K_M.gguf
  hf2gguf diff mine.gguf org/model-GGUF:model-Q4_K_M.gguf --strict      exit code 7 where they differ
  hf2gguf diff a-00001-of-00003.gguf b.gguf --json                      one JSON object, values in full`;

export function diffCommand(): Command {
  return addHubOptions(new Command('diff'), { revision: false })
    .description('Compare two GGUF files: their metadata, and how far their tensors are from each other.')
    .argument('<a>', 'FILE.gguf, or org/model[@revision]:file.gguf')
    .argument('<b>', 'the same')
    .option('--json', 'one JSON object, values in full')
    .option('--strict', 'end with exit code 7 where there is a difference')
    .addHelpText('after', HELP)
    .action(run);
}

interface Flags extends HubFlags {
  readonly json?: boolean;
  readonly strict?: boolean;
}

function run(a: string, b: string, { json, strict, ...flags }: Flags): Promise<void> {
  const reporter = textReporter();
  return interruptible(async (signal) => {
    for await (const event of diff({ a, b, ...toToken(flags), signal })) {
      if (event.event !== 'done') {
        reporter.event(event);
        continue;
      }
      const { result } = event;
      screen.end();
      if (json) {
        screen.json(result, Number.POSITIVE_INFINITY);
      } else {
        screen.print(renderDifference(result, screen.width, screen.paintOut));
      }
      if (strict && !result.same) {
        throw new FilesDifferError('The files differ.', 'Without --strict that is no error.');
      }
    }
  });
}

import { Command } from 'commander';
import { UsageError } from '../errors.js';
import { guardOf } from '../output/guard.js';
import type { CheckParams } from '../runner/check.js';
import type { CheckResult } from '../runner/check-result.js';
import { renderCheck } from './check-table.js';
import { FORCE_HELP } from './file-options.js';
import { addHubOptions, type HubFlags, toToken } from './hub-options.js';
import { interruptible } from './interrupt.js';
import { parseNumber } from './number.js';
import { drawCheck, Plots, svgPath } from './plots.js';
import { textReporter } from './reporter.js';
import { screen } from './terminal/screen.js';

const HELP = `
Perplexity is how many tokens the model wavers between, on average, at each token of the text; lower is better. Against a
base, usually the model that it was quantized from, the KL divergence says how far its predictions are from the base's: 0 is
the same, and 0.01 is hard to notice. Both are counted as llama-perplexity counts them: chunks of --ctx tokens, of which
the second half is scored. Weights are decoded to float32 and activations stay float32, so that it is the file that is
measured.

Examples:
  hf2gguf check model-Q4_K_M.gguf                                    perplexity on the bundled text
  hf2gguf check model-Q4_K_M.gguf --against org/model                how far it is from its source
  hf2gguf check *.gguf --against model-BF16.gguf --text my.txt       several, with one run of the base
  hf2gguf check model.gguf --against ./model --max-kld 0.1           a gate: exit code 7 where it is farther
  hf2gguf check *.gguf --against ./model --plot check.svg            a picture of what each size costs
  hf2gguf check model.gguf --chunks 16 --json                        events as JSON lines, for programs`;

interface Flags extends Omit<CheckParams, 'source' | 'signal' | 'fetch'> {
  readonly json?: boolean;
  readonly plot?: string;
  readonly force?: boolean;
}

export function checkCommand(): Command {
  return addHubOptions(new Command('check'), { revision: false })
    .description('Measure what a GGUF file is worth: its perplexity, and how far it is from its source.')
    .argument('<model...>', 'FILE.gguf or org/model:file.gguf, one or more')
    .option('--against <base>', 'compare with org/model[@revision], a folder, or another GGUF file')
    .option('--text <file>', 'the text to run (default: a bundled one)')
    .option('--chunks <n>', 'chunks of the text (default: all)', parseNumber)
    .option('--ctx <n>', 'tokens of a chunk (default: 512)', parseNumber)
    .option('--max-kld <x>', 'end with exit code 7 where the mean KL divergence is larger', parseNumber)
    .option('--max-ppl-ratio <x>', "end with exit code 7 where the perplexity over the base's is larger", parseNumber)
    .option('--plot <file.svg>', 'with --against: draw size against KL divergence', svgPath)
    .option('--force', FORCE_HELP)
    .option('--jobs <n>', 'threads (default: one per core)', parseNumber)
    .option('--json', 'events as JSON lines')
    .addHelpText('after', HELP)
    .action(run);
}

function run(model: string[], { json, plot, force, tokenFile, ...flags }: Flags & HubFlags): Promise<void> {
  const reporter = textReporter();
  return interruptible(async (signal) => {
    if (plot !== undefined && flags.against === undefined) {
      throw new UsageError('--plot needs a model to compare with.', 'Name it with --against.');
    }
    const params = { ...flags, ...toToken({ tokenFile }), source: model, signal };
    const guard = await guardOf({ ...params, ...(force !== undefined && { force }) });
    const plots = new Plots<CheckResult>([{ path: plot, draw: drawCheck }], guard);
    const { check } = await import('../runner/check.js');
    await plots.during(async () => {
      for await (const event of check(params)) {
        if (json) {
          screen.json(event);
        } else if (event.event === 'done') {
          screen.end();
          screen.print(renderCheck(event.result, screen.width, screen.paintOut));
        } else {
          reporter.event(event);
        }
        if (event.event === 'done') {
          await plots.draw(event.result);
        }
      }
    });
  });
}

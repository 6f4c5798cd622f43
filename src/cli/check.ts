import { Command } from 'commander';
import { UsageError } from '../errors.js';
import { plotCheck } from '../plot/plot-check.js';
import type { CheckParams } from '../runner/check.js';
import { renderCheck } from './check-table.js';
import { interruptible } from './interrupt.js';
import { toJsonLine } from './json.js';
import { number } from './number.js';
import { makePlotFolders, svgPath, writePlot } from './plot-options.js';
import { textReporter } from './reporter.js';

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
}

export function checkCommand(): Command {
  return new Command('check')
    .description('Measure what a GGUF file is worth: its perplexity, and how far it is from its source.')
    .argument('<model...>', 'FILE.gguf or org/model:file.gguf, one or more')
    .option('--against <base>', 'compare with org/model[@revision], a folder, or another GGUF file')
    .option('--text <file>', 'the text to run (default: a bundled one)')
    .option('--chunks <n>', 'chunks of the text (default: all)', number)
    .option('--ctx <n>', 'tokens of a chunk (default: 512)', number)
    .option('--max-kld <x>', 'end with exit code 7 where the mean KL divergence is larger', number)
    .option('--max-ppl-ratio <x>', "end with exit code 7 where the perplexity over the base's is larger", number)
    .option('--plot <file.svg>', 'with --against: draw size against KL divergence', svgPath)
    .option('--jobs <n>', 'threads (default: one per core)', number)
    .option('--json', 'events as JSON lines')
    .addHelpText('after', HELP)
    .action(run);
}

function run(model: string[], { json, plot, ...flags }: Flags): Promise<void> {
  const reporter = textReporter({ out: process.stdout, err: process.stderr });
  return interruptible(async (signal) => {
    if (plot !== undefined && flags.against === undefined) {
      throw new UsageError('--plot needs a model to compare with.', 'Name it with --against.');
    }
    await makePlotFolders([plot]);
    const { check } = await import('../runner/check.js');
    for await (const event of check({ ...flags, source: model, signal })) {
      if (json) {
        process.stdout.write(`${toJsonLine(event)}\n`);
      } else if (event.event === 'done') {
        reporter.print(renderCheck(event.result));
      } else {
        reporter.event(event);
      }
      if (event.event === 'done' && plot !== undefined) {
        await writePlot(plot, await plotCheck(event.result));
      }
    }
  });
}

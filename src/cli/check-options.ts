import type { Command } from 'commander';
import type { CheckOptions } from '../calls/params.js';
import { OPTION_TEXTS } from '../options/texts.js';
import { parseNumber } from './number.js';
import { svgPath } from './plots.js';

/** Options of the commands that write files and may check them afterwards. */
export interface CheckFlags {
  readonly check?: boolean;
  readonly checkText?: string;
  readonly checkChunks?: number;
  readonly checkPlot?: string;
  readonly maxKld?: number;
  readonly maxPplRatio?: number;
}

export function addCheckOptions(command: Command): Command {
  return command
    .optionsGroup('Checking what was written:')
    .option('--check', `${OPTION_TEXTS.check} (see hf2gguf check)`)
    .option('--check-text <file>', 'the same, on this text (default: a bundled one)')
    .option('--check-chunks <n>', 'the same, on so many chunks of 512 tokens (default: all)', parseNumber)
    .option('--check-plot <file.svg>', 'the same, and draw size against KL divergence', svgPath)
    .option('--max-kld <x>', 'the same, and end with exit code 7 where the mean KL divergence is larger', parseNumber)
    .option('--max-ppl-ratio <x>', "the same, where the perplexity over the source's is larger", parseNumber);
}

/** The check that flags ask for: any of them does. */
export function toCheck({ check, checkText, checkChunks, checkPlot, maxKld, maxPplRatio }: CheckFlags): {
  check?: CheckOptions;
} {
  if (!check && [checkText, checkChunks, checkPlot, maxKld, maxPplRatio].every((flag) => flag === undefined)) {
    return {};
  }
  const options = {
    ...(checkText !== undefined && { text: checkText }),
    ...(checkChunks !== undefined && { chunks: checkChunks }),
    ...(maxKld !== undefined && { maxKld }),
    ...(maxPplRatio !== undefined && { maxPplRatio }),
  };
  return { check: options };
}

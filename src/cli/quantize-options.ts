import type { Command } from 'commander';
import { OPTION_TEXTS } from '../options/texts.js';
import type { OutputParams } from '../plan/params.js';
import type { SplitOptions } from '../plan/split-parts.js';
import { type CheckFlags, toCheck } from './check-options.js';
import { addFileOptions, type FileFlags, oneOut, toFileParams } from './file-options.js';
import { numbers, parseNumber } from './number.js';
import { svgPath } from './plots.js';
import { append } from './repeatable.js';

/** Options of the commands that quantize, as commander gives them where they differ from the library's. */
export interface OutputFlags extends FileFlags, CheckFlags, SplitFlags {
  readonly statsPlot?: string;
}

/** Of an option that takes several, separated by commas or each on its own. */
const texts = (value: string, before: readonly string[] = []) => [...before, ...value.split(',')];

/** Types chosen by a size, and files that keep what was found by running the model. */
export function addTargetOptions(command: Command): Command {
  return command
    .option('--imatrix-out <file>', 'with --imatrix auto: keep it, in the format of llama-imatrix')
    .option(
      '--target-size <size>',
      "choose each tensor's type so that the file has at most this size, such as 95M; several (comma-separated): a file each",
      texts,
    )
    .option('--target-bpw <bits>', 'the same, by the bits of the file for each weight, such as 4.5', numbers)
    .option('--sensitivities <file>', 'with a target size: what --sensitivities-out has written, instead of measuring')
    .option('--sensitivities-out <file>', 'with a target size: keep what was measured of the tensors');
}

/** What llama-quantize takes too, under its names. */
export function addQuantizeOptions(command: Command): Command {
  return command
    .option('--imatrix <file>', 'importance matrix: a file, org/model:file, or auto: computed from the source first')
    .option(
      '--imatrix-text <file>',
      'with --imatrix auto or a target size: the text to run over (default: a bundled one)',
    )
    .option('--include-weights <name>', 'use it only for tensors whose name holds this (repeatable)', append)
    .option('--exclude-weights <name>', 'do not use it for tensors whose name holds this (repeatable)', append)
    .option('--pure', "the type itself for every tensor, without the mixture's exceptions")
    .option('--leave-output-tensor', 'leave output.weight as it is')
    .option('--output-tensor-type <type>', 'tensor type of output.weight')
    .option('--token-embedding-type <type>', 'tensor type of the token embeddings')
    .option(
      '--tensor-type <regex=type>',
      'tensor type where the name matches; the first match counts (repeatable)',
      append,
    )
    .option('--tensor-type-file <file>', 'a file of such rules')
    .option('--override-kv <key=type:value>', 'set metadata; type: int, float, bool, str (repeatable)', append)
    .option('--prune-layers <numbers>', 'leave out these layers, such as 3,5')
    .option('--allow-requantize', 'quantize tensors that are quantized already, at a loss');
}

/** `--no-tensor-first-split` as commander gives it. */
export interface SplitFlags {
  readonly splitMaxTensors?: number;
  readonly splitMaxSize?: string;
  readonly tensorFirstSplit: boolean;
}

export function addSplitOptions(command: Command, tensors = 'tensors of a part'): Command {
  return command
    .option('--split-max-tensors <n>', tensors, parseNumber)
    .option('--split-max-size <n(K|M|G)>', OPTION_TEXTS.splitMaxSize)
    .option('--no-tensor-first-split', 'a first part without tensors');
}

/** The flags as parameters. */
export function toSplitOptions({ splitMaxTensors, splitMaxSize, tensorFirstSplit }: SplitFlags): SplitOptions {
  return {
    ...(splitMaxTensors !== undefined && { splitMaxTensors }),
    ...(splitMaxSize !== undefined && { splitMaxSize }),
    ...(!tensorFirstSplit && { noTensorFirstSplit: true }),
  };
}

export function addOutputOptions(command: Command): Command {
  return addFileOptions(command, 'a folder, or a file name in which {ftype} stands for the type (default: this folder)')
    .option(
      '--strict',
      'refuse what is doubtful and would be a warning, such as a tensor of another type than asked for (exit code 7)',
    )
    .option('--only <file>', 'make only this one of all files, such as a part of a split model (repeatable)', append)
    .option('--stats', 'measure what each tensor loses, at no extra read')
    .option('--stats-plot <file.svg>', 'the same, and draw it by layer and type', svgPath);
}

/** Flags as parameters; those that are not mentioned here have the same names and types. @throws UsageError */
export function toParams<Flags extends OutputFlags & OutputParamsAsFlags>(flags: Flags, signal: AbortSignal) {
  const {
    out: _out,
    outfile: _outfile,
    jobs,
    maxMemory,
    force,
    statsPlot,
    dryRun: _,
    json: __,
    revision: ___,
    tokenFile: ____,
    ...others
  } = flags;
  const { check, checkText, checkChunks, checkPlot, maxKld, maxPplRatio, ...more } = others;
  const { splitMaxTensors: _1, splitMaxSize: _2, tensorFirstSplit: _3, ...rest } = more;
  return {
    ...rest,
    ...toSplitOptions(flags),
    ...toCheck({ check, checkText, checkChunks, checkPlot, maxKld, maxPplRatio } as CheckFlags),
    ...toFileParams({ out: oneOut(undefined, flags), jobs, maxMemory, ...(force !== undefined && { force }) }, signal),
    stats: rest.stats === true || statsPlot !== undefined,
  };
}

type OutputParamsAsFlags = Omit<OutputParams, keyof OutputFlags | 'signal' | 'fetch'>;

import { Command } from 'commander';
import { OPTION_TEXTS } from '../options/texts.js';
import { printable } from '../printable.js';
import type { PublishParams, PublishPlan, PublishResult } from '../publish/params.js';
import { OUT_TYPES } from '../quantize/file-types.js';
import { addCheckOptions } from './check-options.js';
import { addModelOptions } from './convert.js';
import { addWorkOptions, FORCE_HELP } from './file-options.js';
import { formatBytes } from './format.js';
import { addHubOptions, toSource } from './hub-options.js';
import { interruptible } from './interrupt.js';
import { refuseMisspelt, typesOf } from './meant.js';
import { addQuantizeOptions, type OutputFlags, toParams } from './quantize-options.js';
import { append } from './repeatable.js';
import { type Reporter, textReporter } from './reporter.js';
import { screen } from './terminal/screen.js';

type Flags = OutputFlags & { readonly quant?: readonly string[] } & Omit<
    PublishParams,
    'source' | 'quant' | 'signal' | 'fetch' | keyof OutputFlags
  >;

const EXAMPLES = `
Examples:
  hf2gguf publish org/model --to me/model-GGUF --quant q4_k_m,q5_k_m,q8_0
  hf2gguf publish org/model --to me/model-GGUF --quant q4_k_m --imatrix auto --check    with a matrix and figures of quality
  hf2gguf publish org/model --to me/model-GGUF --quant q4_k_m --dry-run                 the files and the model card, only shown
  hf2gguf publish ./my-model --to me/model-GGUF --quant q8_0 --private --keep ggufs/

The token needs the right to write (HF_TOKEN, or --token-file). The same command again goes on where a run was
stopped, adds types that are new, and does nothing where nothing has changed.`;

export function publishCommand(): Command {
  const command = new Command('publish')
    .description('Convert a model, measure it, and publish the files with a model card on the Hub, in one commit.')
    .argument('<source>', 'org/model[@revision] on the Hub, or its address; a folder')
    .argument('[types...]', 'the same as --quant')
    .requiredOption('--to <repository>', OPTION_TEXTS.to)
    .option('--pr', 'open a pull request instead of changing the repository')
    .option('--keep <folder>', 'keep the files in this folder (default: they are removed when the Hub has them)')
    .option('--split-max-size <n(K|M|G)>', 'bytes of a part (default: files of more than 48G are split)')
    .option('--outtype <type>', `the converter's type: auto, ${OUT_TYPES.join(', ').toLowerCase()}`, 'auto')
    .option('--dry-run', 'print the files and the model card, and write nothing')
    .option('--force', FORCE_HELP);
  addHubOptions(command);
  addModelOptions(command);
  return addPublishing(command, 'events as JSON lines; the plan as JSON with --dry-run')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

/** What is published, and how, of one model or of many. @param json what the help says of --json. */
export function addPublishing(command: Command, json: string): Command {
  command
    .option('-q, --quant <types>', `${OPTION_TEXTS.quant}, comma-separated or repeated (see hf2gguf types)`, append)
    .option('--private', OPTION_TEXTS.private)
    .option('--accept-licence', 'publish openly what is gated, private or under a restricting licence, too')
    .option('--json', json)
    .option('--strict', 'refuse what is doubtful and would be a warning (exit code 7)');
  addWorkOptions(command).optionsGroup('Quantizing:');
  addQuantizeOptions(command);
  return addCheckOptions(command);
}

/** The flags as parameters of the calls. @throws UsageError */
export function toPublishing<Own extends OutputFlags>(flags: Own, signal: AbortSignal) {
  const { stats: _, ...params } = toParams({ ...flags, tensorFirstSplit: true }, signal);
  return params;
}

async function run(named: string, words: readonly string[], flags: Flags): Promise<void> {
  // The client of the Hub takes a while to load.
  const { planPublish, publish } = await import('../publish/publish.js');
  const text = textReporter();
  await interruptible(async (signal) => {
    refuseMisspelt(named, words);
    const quant = typesOf(flags.quant, words);
    const { quant: _, ...rest } = toPublishing(flags, signal);
    const params: PublishParams = { ...rest, ...(await toSource(named, flags)), ...(quant && { quant }) };
    if (flags.dryRun) {
      const plan = await planPublish(params, (event) => {
        if (isShared(event)) {
          text.event(event);
        }
      });
      screen.end();
      return flags.json ? screen.json(plan) : screen.print(`${planLines(plan).join('\n')}\n\n${plan.card}`);
    }
    for await (const event of publish(params)) {
      if (flags.json) {
        screen.json(event);
      } else if (event.event === 'publication') {
        for (const line of planLines(event.plan)) {
          screen.say(line);
        }
      } else if (event.event === 'upload') {
        screen.say(`${printable(event.path)}: the Hub has it (${formatBytes(event.size)})`);
      } else if (event.event === 'done') {
        screen.end();
        screen.print(resultLine(event.result));
      } else if (isShared(event)) {
        text.event(event);
      }
    }
  });
}

type Shared = Parameters<Reporter['event']>[0];

/** Events that conversions have too. */
export function isShared(event: { readonly event: string }): event is Shared {
  return !['publication', 'upload', 'model', 'sleep', 'done'].includes(event.event);
}

function planLines({ repository, creates, source, reads, files, kept }: PublishPlan): string[] {
  const at = source.commit === null ? '' : ` at ${source.commit.slice(0, 12)}`;
  const times =
    reads.length === 1
      ? 'one read of the source'
      : `${reads.length} reads of the source: the disk has no room for all at once`;
  return [
    `${printable(source.id)}${at} to ${repository}${creates ? ', which will be created' : ''}`,
    ...files.map(({ path, size }) => `  ${printable(path)}  ${formatBytes(size)}`),
    ...(files.length > 0 ? [`  from ${times}`] : []),
    ...kept.map(({ type }) => `  ${type} is there already`),
  ];
}

function resultLine({ url, commit, files }: PublishResult): string {
  return commit === null
    ? `Nothing has changed: ${url} has all of it.`
    : `${url}: ${files.length} ${files.length === 1 ? 'type' : 'types'}, commit ${commit.slice(0, 12)}`;
}

import { Command } from 'commander';
import { UsageError } from '../errors.js';
import { printable } from '../printable.js';
import type { WatchedModel, WatchParams } from '../publish/watch.js';
import { addCheckOptions } from './check-options.js';
import { formatSeconds } from './format.js';
import { addHubOptions, toToken } from './hub-options.js';
import { interruptible } from './interrupt.js';
import { typesOf } from './meant.js';
import { parseNumber } from './number.js';
import { isShared } from './publish.js';
import { addQuantizeOptions, type OutputFlags, toParams } from './quantize-options.js';
import { append } from './repeatable.js';
import { textReporter } from './reporter.js';
import { screen } from './terminal/screen.js';

type Flags = OutputFlags & { readonly quant?: readonly string[] } & Omit<
    WatchParams,
    'owners' | 'quant' | 'signal' | 'fetch' | keyof OutputFlags
  >;

const EXAMPLES = `
Examples:
  hf2gguf watch my-org --to my-org --quant q4_k_m,q8_0 --once     for a scheduler: what is new since the last time
  hf2gguf watch org-a org-b --to me --quant q4_k_m --every 3600   looks again every hour
  HF2GGUF_WEBHOOK_SECRET=... hf2gguf watch my-org --to my-org --quant q4_k_m --webhook 8080

org/model is published as OWNER/model-GGUF. What does not convert is reported once, and tried again when it changes.`;

export function watchCommand(): Command {
  const command = new Command('watch')
    .description('Publish the new and changed models of an owner, each as hf2gguf publish does.')
    .argument('<owners...>', 'organizations or users on the Hub')
    .requiredOption('--to <owner>', 'the owner of the repositories that are made')
    .option('-q, --quant <types>', 'one or more types, comma-separated or repeated (see hf2gguf types)', append)
    .option('--once', 'look once, and end')
    .option('--every <seconds>', 'seconds between two looks (default: 900)', parseNumber)
    .option('--webhook <port>', "listen on this port for the Hub's webhooks instead of looking again", parseNumber)
    .option('--state <file>', 'what was seen (default: hf2gguf-watch.json)')
    .option('--private', 'create repositories as private ones')
    .option('--accept-licence', 'publish openly what is gated, private or under a restricting licence, too')
    .option('--json', 'events as JSON lines')
    .option('--strict', 'refuse what is doubtful and would be a warning')
    .option('--max-memory <bytes>', 'bytes of buffers, such as 256M (default: 192M)')
    .option('--jobs <n>', 'worker threads (default: one per core)', parseNumber);
  addHubOptions(command, { revision: false });
  command.optionsGroup('Quantizing:');
  addQuantizeOptions(command);
  addCheckOptions(command);
  return command.addHelpText('after', EXAMPLES).action(run);
}

async function run(owners: readonly string[], flags: Flags): Promise<void> {
  const { watch } = await import('../publish/watch.js');
  const text = textReporter();
  await interruptible(async (signal) => {
    const quant = typesOf(flags.quant, []);
    if (quant === undefined) {
      throw new UsageError('No type is given to publish.', 'Name one or more with --quant, such as q4_k_m,q8_0.');
    }
    const { quant: _, stats: __, ...rest } = toParams({ ...flags, tensorFirstSplit: true }, signal);
    for await (const event of watch({ ...rest, ...toToken(flags), owners, quant })) {
      if (flags.json) {
        screen.json(event);
      } else if (event.event === 'model') {
        screen.end();
        screen.print(modelLine(event));
      } else if (event.event === 'sleep') {
        screen.end();
        screen.say(Number.isFinite(event.seconds) ? `Looking again in ${formatSeconds(event.seconds)}.` : 'Listening.');
      } else if (isShared(event)) {
        text.event(event);
      }
    }
    screen.end();
  });
}

const OUTCOMES = {
  published: 'published',
  unchanged: 'nothing has changed',
  refused: 'not published',
  later: 'not published yet',
} as const satisfies Record<WatchedModel['outcome'], string>;

function modelLine({ model, outcome, why }: WatchedModel): string {
  return `${printable(model)}: ${OUTCOMES[outcome]}${why === undefined ? '' : `. ${printable(why)}`}`;
}

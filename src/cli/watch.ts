import { Command } from 'commander';
import { UsageError } from '../errors.js';
import { printable } from '../printable.js';
import type { WatchedModel, WatchParams } from '../publish/watch.js';
import { formatSeconds } from './format.js';
import { addHubOptions, toToken } from './hub-options.js';
import { interruptible } from './interrupt.js';
import { typesOf } from './meant.js';
import { parseNumber } from './number.js';
import { addPublishing, isShared, toPublishing } from './publish.js';
import type { OutputFlags } from './quantize-options.js';
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
    .option('--once', 'look once, and end')
    .option('--every <seconds>', 'seconds between two looks (default: 900)', parseNumber)
    .option('--webhook <port>', "listen on this port for the Hub's webhooks instead of looking again", parseNumber)
    .option('--state <file>', 'what was seen (default: hf2gguf-watch.json)');
  addHubOptions(command, { revision: false });
  return addPublishing(command, 'events as JSON lines').addHelpText('after', EXAMPLES).action(run);
}

async function run(owners: readonly string[], flags: Flags): Promise<void> {
  const { watch } = await import('../publish/watch.js');
  const text = textReporter();
  await interruptible(async (signal) => {
    const quant = typesOf(flags.quant, []);
    if (quant === undefined) {
      throw new UsageError('No type is given to publish.', 'Name one or more with --quant, such as q4_k_m,q8_0.');
    }
    const { quant: _, ...rest } = toPublishing(flags, signal);
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

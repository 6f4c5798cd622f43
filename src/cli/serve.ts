import { Command, Option } from 'commander';
import { UsageError } from '../errors.js';
import type { ServeOptions } from '../server/serve.js';
import { parseBytes } from './format.js';
import { interruptible } from './interrupt.js';
import { parseNumber } from './number.js';
import { screen } from './terminal/screen.js';

type Flags = Omit<ServeOptions, 'signal' | 'onListening'>;

const EXAMPLES = `
Examples:
  hf2gguf serve                                   a page with a button, at http://127.0.0.1:7860/
  hf2gguf serve --port 8000 --data /srv/gguf --workers 2
  HF2GGUF_SERVE_TOKEN=... hf2gguf serve --host 0.0.0.0 --auth token
  HF2GGUF_REDIS_URL=rediss://:...@redis.example:6379 hf2gguf serve --data /srv/gguf

Jobs and their files are in the data folder, and are gone on with after a stop. Without --host the server is for this
machine alone.`;

export function serveCommand(): Command {
  return addData(new Command('serve'))
    .description('Serve a page on which models are converted, and the HTTP interface behind it.')
    .option('--port <port>', 'the port to listen on (default: 7860)', parseNumber)
    .option('--host <address>', 'the address to listen at; one for other machines needs --auth (default: 127.0.0.1)')
    .addOption(
      new Option('--auth <how>', 'how users log in: token, with that of HF2GGUF_SERVE_TOKEN').choices(['token']),
    )
    .option('--workers <n>', 'processes that convert (default: 1)', parseNumber)
    .option(
      '--share-from <size>',
      'workers share the files of an order that takes this much, such as 4G (default: 4G with --redis, else none)',
      parseShare,
    )
    .option(
      '--keep-days <n>',
      'days after which jobs that have ended are removed with their files (default: 7)',
      parseNumber,
    )
    .addHelpText('after', EXAMPLES)
    .action(async (flags: Flags) => {
      const { serve } = await import('../server/serve.js');
      await interruptible(async (signal) => {
        await serve({ ...flags, signal, onListening: (address) => screen.print(`Listening at ${address}`) });
      });
    });
}

export function workerCommand(): Command {
  return addData(new Command('worker'))
    .description(
      'Work on the jobs of a data folder beside the processes that hf2gguf serve starts, on this machine or another.',
    )
    .action(async (flags: Flags) => {
      const { runWorker } = await import('../server/serve.js');
      await interruptible((signal) => runWorker({ ...flags, signal }));
    });
}

/** @throws UsageError */
function parseShare(text: string): number {
  const bytes = parseBytes(text);
  if (bytes === null) {
    throw new UsageError(`--share-from ${text} is no size.`, 'Give bytes, or a number with K, M or G, such as 4G.');
  }
  return bytes;
}

function addData(command: Command): Command {
  return command
    .option('--data <folder>', 'where jobs and their files are (default: hf2gguf-data)')
    .option(
      '--redis <url>',
      'keep jobs in a Redis, for workers of several machines that share the data folder (default: HF2GGUF_REDIS_URL)',
    );
}

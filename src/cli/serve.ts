import { Command, Option } from 'commander';
import { UsageError } from '../errors.js';
import type { ServeOptions } from '../server/serve.js';
import type { WorkerProcessOptions } from '../server/work/worker-process.js';
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
  OAUTH_CLIENT_ID=... OAUTH_CLIENT_SECRET=... hf2gguf serve --host 0.0.0.0 --auth huggingface \\
    --public-url https://gguf.example.org

Jobs and their files are in the data folder, and are gone on with after a stop. Without --host the server is for this
machine alone.`;

export function serveCommand(): Command {
  return addShared(new Command('serve'))
    .description('Serve a page on which models are converted, and the HTTP interface behind it.')
    .option('--port <port>', 'the port to listen on (default: 7860)', parseNumber)
    .option('--host <address>', 'the address to listen at; one for other machines needs --auth (default: 127.0.0.1)')
    .addOption(
      new Option(
        '--auth <how>',
        'how users log in: token, with that of HF2GGUF_SERVE_TOKEN; huggingface, with their account there',
      ).choices(['token', 'huggingface']),
    )
    .option(
      '--public-url <url>',
      'what users know the server by (default: the address of a Space, else that which they ask)',
    )
    .option('--user-jobs <n>', 'jobs of one user that wait or run (default: 20)', parseNumber)
    .option(
      '--user-size <size>',
      "bytes of the files of one user's jobs that wait or run (default: any)",
      sizeOf('--user-size'),
    )
    .option('--workers <n>', 'processes that convert (default: 1)', parseNumber)
    .option(
      '--share-from <size>',
      'workers share the files of an order that takes this much, such as 4G (default: 4G with --redis, else none)',
      sizeOf('--share-from'),
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
  return addShared(new Command('worker'))
    .description(
      'Work on the jobs of a data folder beside the processes that hf2gguf serve starts, on this machine or another.',
    )
    .action(async (flags: Omit<WorkerProcessOptions, 'signal'>) => {
      const { runWorker } = await import('../server/work/worker-process.js');
      await interruptible((signal) => runWorker({ ...flags, signal }));
    });
}

/** What a server and its workers have to agree on. */
function addShared(command: Command): Command {
  return command
    .option('--data <folder>', 'where jobs and their files are (default: hf2gguf-data)')
    .option(
      '--redis <url>',
      'keep jobs in a Redis, for workers of several machines that share the data folder (default: HF2GGUF_REDIS_URL)',
    )
    .option('--user-running <n>', 'jobs of one user that run at a time (default: any number)', parseNumber)
    .option('--allow-local <folder>', 'a folder of this machine whose folders may be converted, as local:NAME')
    .option(
      '--secret-file <file>',
      "a file of 32 bytes or more that encrypts users' Hub tokens (default: a key that ends with the server)",
    );
}

/** @throws UsageError */
const sizeOf =
  (option: string) =>
  (text: string): number => {
    const bytes = parseBytes(text);
    if (bytes === null) {
      throw new UsageError(`${option} ${text} is no size.`, 'Give bytes, or a number with K, M or G, such as 4G.');
    }
    return bytes;
  };

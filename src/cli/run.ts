import { Command } from 'commander';
import { EXIT } from '../errors.js';
import type { GenerateParams, GenerateResult } from '../runner/generate/generate.js';
import { formatSeconds, warningText } from './format.js';
import { addHubOptions, type HubFlags, toSource } from './hub-options.js';
import { interruptible } from './interrupt.js';
import { toJsonLine } from './json.js';
import { number } from './number.js';

interface Flags
  extends HubFlags,
    Pick<GenerateParams, 'prompt' | 'chat' | 'system' | 'topK' | 'topP' | 'seed' | 'jobs'> {
  readonly nPredict: number;
  readonly temp: number;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  hf2gguf run model.gguf --prompt "In the beginning"
  hf2gguf run model.gguf --prompt "What is the capital of France?" --chat
  hf2gguf run model.gguf --prompt "Once upon a time" --temp 0.8 --seed 1 -n 200`;

export function runCommand(): Command {
  return addHubOptions(new Command('run'))
    .description('Continue a text, to see that a model speaks.')
    .argument('<model>', 'FILE.gguf or org/model:file.gguf, or a model to convert: a folder, or org/model[@revision]')
    .requiredOption('--prompt <text>', 'what is continued, or with --chat said to the model')
    .option('--chat', "lay the prompt out by the model's chat template")
    .option('--system <text>', 'with --chat: what the system says first')
    .option('-n, --n-predict <count>', 'tokens at most', number, 128)
    .option('--temp <t>', 'draw by chance; 0: always the likeliest token', number, 0)
    .option('--top-k <k>', 'with --temp: from the likeliest k tokens (default: 40, 0: all)', number)
    .option('--top-p <p>', 'with --temp: from the likeliest ones whose probabilities reach p (default: 0.95)', number)
    .option('--seed <number>', 'with --temp: the same seed, the same text', number)
    .option('--jobs <n>', 'threads (default: one per core)', number)
    .option('--json', 'events as JSON lines')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(source: string, { json, nPredict, temp, revision, tokenFile, ...flags }: Flags): Promise<void> {
  const started = performance.now();
  await interruptible(async (signal) => {
    const named = await toSource(source, { revision, tokenFile });
    const params: GenerateParams = { ...flags, ...named, maxTokens: nPredict, temperature: temp };
    const { generate } = await import('../runner/generate/generate.js');
    for await (const event of generate({ ...params, signal })) {
      if (json) {
        process.stdout.write(`${toJsonLine(event)}\n`);
      } else if (event.event === 'text') {
        process.stdout.write(process.stdout.isTTY ? harmless(event.text) : event.text);
      } else if (event.event === 'warning') {
        process.stderr.write(`${warningText(event)}\n`);
      } else {
        process.stdout.write('\n');
        process.stderr.write(`${summary(event.result, (performance.now() - started) / 1000)}\n`);
      }
      if (event.event === 'done' && event.result.end === 'interrupted') {
        process.exitCode = EXIT.interrupted;
      }
    }
  });
}

/** Without the characters that could drive a terminal: a vocabulary comes from elsewhere. */
function harmless(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '');
}

const ENDS = { end: 'the model ended', limit: 'as many as asked for', interrupted: 'interrupted' } as const;

function summary({ promptTokens, tokens, end }: GenerateResult, seconds: number): string {
  return `${promptTokens} + ${tokens} tokens (${ENDS[end]}) in ${formatSeconds(seconds)}`;
}

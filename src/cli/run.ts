import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { Command } from 'commander';
import { EXIT, UsageError } from '../errors.js';
import type { GenerateParams, GenerateResult } from '../runner/generate/generate.js';
import { formatSeconds } from './format.js';
import { addHubOptions, type HubFlags, toSource } from './hub-options.js';
import { interruptible } from './interrupt.js';
import { parseNumber } from './number.js';
import { textReporter } from './reporter.js';
import { screen } from './terminal/screen.js';

interface Flags
  extends HubFlags,
    Pick<GenerateParams, 'chat' | 'system' | 'topK' | 'topP' | 'repeatPenalty' | 'seed' | 'jobs'> {
  readonly prompt?: string;
  readonly promptFile?: string;
  readonly nPredict: number;
  readonly temp: number;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  hf2gguf run model.gguf "In the beginning"
  hf2gguf run model.gguf -p "What is the capital of France?" --chat
  hf2gguf run model.gguf "Once upon a time" --temp 0.8 --seed 1 -n 200
  hf2gguf run model.gguf --prompt-file story.txt
  git log -5 | hf2gguf run model.gguf              standard input, also as -`;

export function runCommand(): Command {
  return addHubOptions(new Command('run'))
    .description('Continue a text, to see that a model speaks.')
    .argument('<model>', 'FILE.gguf or org/model:file.gguf, or a model to convert: a folder, or org/model[@revision]')
    .argument('[prompt]', 'what is continued, or with --chat said to the model; -: standard input')
    .option('-p, --prompt <text>', 'the same as [prompt]')
    .option('--prompt-file <file>', 'the same, from a file')
    .option('--chat', "lay the prompt out by the model's chat template")
    .option('--system <text>', 'with --chat: what the system says first')
    .option('-n, --n-predict <count>', 'tokens at most', parseNumber, 128)
    .option('--temp <t>', 'draw by chance; 0: always the likeliest token', parseNumber, 0)
    .option('--top-k <k>', 'with --temp: from the likeliest k tokens (default: 40, 0: all)', parseNumber)
    .option(
      '--top-p <p>',
      'with --temp: from the likeliest ones whose probabilities reach p (default: 0.95)',
      parseNumber,
    )
    .option('--repeat-penalty <x>', 'over 1: the last 64 tokens become less likely', parseNumber, 1)
    .option('--seed <number>', 'with --temp: the same seed, the same text', parseNumber)
    .option('--jobs <n>', 'threads (default: one per core)', parseNumber)
    .option('--json', 'events as JSON lines')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(source: string, words: string | undefined, flags: Flags): Promise<void> {
  const { json, nPredict, temp, revision, tokenFile, prompt: option, promptFile, ...options } = flags;
  const prompt = await readPrompt({ words, option, promptFile });
  const reporter = textReporter();
  await interruptible(async (signal) => {
    const named = await toSource(source, { revision, tokenFile });
    const params: GenerateParams = { ...options, ...named, prompt, maxTokens: nPredict, temperature: temp };
    const { generate } = await import('../runner/generate/generate.js');
    if (!json && screen.isTerminal && !flags.chat) {
      screen.write(screen.paintOut('note', prompt));
    }
    for await (const event of generate({ ...params, signal })) {
      if (json) {
        screen.json(event);
      } else if (event.event === 'text') {
        screen.write(event.text);
      } else if (event.event === 'done') {
        screen.write('\n');
        screen.say(summary(event.result));
      } else {
        reporter.event(event);
      }
      if (event.event === 'done' && event.result.end === 'interrupted') {
        process.exitCode = EXIT.interrupted;
      }
    }
  });
}

interface Given {
  readonly words: string | undefined;
  readonly option: string | undefined;
  readonly promptFile: string | undefined;
}

/** The prompt, of which there is one. @throws UsageError */
async function readPrompt({ words, option, promptFile }: Given): Promise<string> {
  const given = [words, option, promptFile].filter((prompt) => prompt !== undefined);
  if (given.length > 1) {
    throw new UsageError('The prompt is given more than once.', 'Give it as [prompt], with --prompt or --prompt-file.');
  }
  if (promptFile !== undefined) {
    return withoutLastNewline(await readFile(promptFile, 'utf8').catch(refusePromptFile(promptFile)));
  }
  const named = words ?? option;
  const isPiped = named === '-' || (named === undefined && !process.stdin.isTTY);
  const prompt = isPiped ? withoutLastNewline(await readAll(process.stdin)) : named;
  if (prompt === undefined || (prompt === '' && isPiped)) {
    throw new UsageError('There is no prompt.', 'Give one after the model: hf2gguf run MODEL "In the beginning".');
  }
  return prompt;
}

/** An editor ends a file with one, and a model would take it for the end of a paragraph. */
function withoutLastNewline(text: string): string {
  return text.replace(/\r?\n$/, '');
}

function refusePromptFile(path: string): (cause: Error) => never {
  return (cause) => {
    throw new UsageError(`--prompt-file ${path} cannot be read: ${cause.message}.`, 'Give a file of text.', { cause });
  };
}

const ENDS = {
  end: 'the model ended',
  limit: 'as many as asked for',
  context: "the model's context is full",
  interrupted: 'interrupted',
} as const satisfies Record<GenerateResult['end'], string>;

function summary({ promptTokens, promptSeconds, tokens, seconds, end }: GenerateResult): string {
  const counts = `${promptTokens} + ${tokens} tokens (${ENDS[end]}) in ${formatSeconds(promptSeconds + seconds)}`;
  return `${counts}: prompt ${rate(promptTokens, promptSeconds)}, text ${rate(tokens, seconds)}`;
}

function rate(tokens: number, seconds: number): string {
  const perSecond = tokens / Math.max(seconds, 1e-3);
  return `${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)} tokens/s`;
}

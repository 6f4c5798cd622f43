import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import type { WrittenFile } from '../events.js';
import type { CheckEvent, CheckParams } from '../runner/check.js';
import { plotCheck } from '../runner/plot-check.js';
import { checkReporter } from './check-reporter.js';
import { renderAll } from './check-table.js';
import { optionalNumber } from './format.js';
import { toJsonLine } from './json.js';

/** Options of the commands that write files and may check them afterwards. */
export interface CheckFlags {
  readonly check?: boolean;
  readonly checkText?: string;
  readonly checkChunks?: string;
  readonly checkPlot?: string;
  readonly maxKld?: string;
  readonly maxPplRatio?: string;
}

export function addCheckOptions(command: Command): Command {
  return command
    .optionsGroup('Checking what was written:')
    .option('--check', 'run each file beside the source: perplexity and KL divergence (see hf2gguf check)')
    .option('--check-text <file>', 'the same, on this text (default: a bundled one)')
    .option('--check-chunks <n>', 'the same, on so many chunks of 512 tokens (default: all)')
    .option('--check-plot <file.svg>', 'the same, and draw size against KL divergence')
    .option('--max-kld <x>', 'the same, and end with exit code 7 where the mean KL divergence is larger')
    .option('--max-ppl-ratio <x>', "the same, where the perplexity over the source's is larger");
}

/** Takes the flags of a check apart from the others. */
export function splitFlags<Flags extends CheckFlags>(flags: Flags): [CheckFlags, Omit<Flags, keyof CheckFlags>] {
  const { check, checkText, checkChunks, checkPlot, maxKld, maxPplRatio, ...rest } = flags;
  return [{ check, checkText, checkChunks, checkPlot, maxKld, maxPplRatio } as CheckFlags, rest];
}

/** What follows on a conversion. */
export type AfterWriting = (files: readonly WrittenFile[], signal: AbortSignal) => Promise<void>;

/** What the files are compared with, and how it was opened. */
interface Source extends Pick<CheckParams, 'arch' | 'preTokenizer' | 'jobs'> {
  readonly source: string;
}

/**
 * What the flags ask for, or null; what can be wrong with it is found before anything is written.
 * @throws UsageError, UnreadableTextError
 */
export async function checkAfterwards(
  flags: CheckFlags & { readonly json?: boolean; readonly vocabOnly?: boolean },
  { source, arch, preTokenizer, jobs }: Source,
): Promise<AfterWriting | null> {
  const { checkText, checkPlot } = flags;
  if (![flags.check, checkText, flags.checkChunks, checkPlot, flags.maxKld, flags.maxPplRatio].some(Boolean)) {
    return null;
  }
  if (flags.vocabOnly) {
    throw new UsageError('A vocabulary alone cannot be checked.', 'Leave --check or --vocab-only out.');
  }
  // The runner is loaded where it is used: a plain conversion starts sooner.
  const [{ check }, { readText }] = await Promise.all([import('../runner/check.js'), import('../runner/texts.js')]);
  await readText(checkText ?? null, 'check');
  const params = {
    against: source,
    ...(arch !== undefined && { arch }),
    ...(preTokenizer !== undefined && { preTokenizer }),
    ...(jobs !== undefined && { jobs }),
    ...(checkText !== undefined && { text: checkText }),
    ...optionalNumber('chunks', flags.checkChunks),
    ...optionalNumber('maxKld', flags.maxKld),
    ...optionalNumber('maxPplRatio', flags.maxPplRatio),
  };
  const report = flags.json ? reportJson : checkReporter({ out: process.stdout, err: process.stderr }, renderAll);
  return async (files, signal) => {
    const model = files.map(({ path }) => path).filter(isFirstPart);
    for await (const event of check({ ...params, model, signal })) {
      report(event);
      if (event.event === 'done' && checkPlot !== undefined) {
        await writeFile(checkPlot, plotCheck(event.result.models));
      }
    }
  };
}

/** Of a split file any part stands for all. */
function isFirstPart(path: string): boolean {
  return !/-\d{5}-of-\d{5}\.gguf$/.test(path) || /-00001-of-\d{5}\.gguf$/.test(path);
}

/** Inside an event of its own, since a conversion has phases and a result too. */
function reportJson(event: CheckEvent): void {
  process.stdout.write(`${toJsonLine({ event: 'check', check: event })}\n`);
}

import { writeFile } from 'node:fs/promises';
import type { Plan } from '../convert/plan.js';
import { plotErrors } from '../convert/plot-errors.js';
import type { ConvertEvent, ConvertResult, WrittenFile } from '../events.js';
import type { AfterWriting } from './check-options.js';
import type { FileFlags } from './file-options.js';
import { interruptible } from './interrupt.js';
import { toJsonLine } from './json.js';
import { renderPlan } from './plan-table.js';
import type { OutputFlags } from './quantize-options.js';
import { jsonReporter, textReporter } from './reporter.js';

/** The library's two calls for one command line. */
export interface Work {
  plan(emit: (event: ConvertEvent) => void): Promise<Plan>;
  write(): AsyncGenerator<ConvertEvent, ConvertResult>;
  /** Says what is done with the files, before they are written. */
  prepare?(): Promise<AfterWriting | null>;
}

/** Prints the plan, or writes the files and tells about it. */
export async function runPlanned(
  flags: FileFlags & Pick<OutputFlags, 'statsPlot'>,
  start: (signal: AbortSignal) => Work,
): Promise<void> {
  const terminal = { out: process.stdout, err: process.stderr };
  // The plan alone is one JSON document, so what is said beside it goes to stderr.
  const reporter = flags.json && !flags.dryRun ? jsonReporter(terminal) : textReporter(terminal);
  await interruptible(async (signal) => {
    const work = start(signal);
    if (flags.dryRun) {
      const planned = await work.plan((event) => {
        if (isOfPlan(event)) {
          reporter.event(event);
        }
      });
      process.stdout.write(`${flags.json ? toJsonLine(planned) : renderPlan(planned)}\n`);
      return;
    }
    const after = await work.prepare?.();
    let files: readonly WrittenFile[] = [];
    for await (const event of work.write()) {
      reporter.event(event);
      if (event.event === 'done') {
        ({ files } = event.result);
      }
    }
    if (flags.statsPlot !== undefined) {
      await writeFile(flags.statsPlot, plotErrors(files));
    }
    await after?.(files, signal);
  });
}

/** What is said beside a plan: to make one for a target size takes a while. */
function isOfPlan(event: ConvertEvent): boolean {
  return event.event === 'phase'
    ? ['collect', 'sensitivity', 'measure'].includes(event.phase)
    : ['warning', 'imatrix', 'chunk', 'progress'].includes(event.event);
}

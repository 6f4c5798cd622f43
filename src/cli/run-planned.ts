import type { OutputParams } from '../convert/params.js';
import type { Plan } from '../convert/plan.js';
import type { ConvertEvent, ConvertResult } from '../events.js';
import type { Reading } from '../output/inputs.js';
import type { FileFlags } from './file-options.js';
import { interruptible } from './interrupt.js';
import { toJsonLine } from './json.js';
import { renderPlan } from './plan-table.js';
import { type PlotFlags, Plots } from './plots.js';
import { jsonReporter, textReporter } from './reporter.js';

/** The library's two calls for one command line. */
export interface Work {
  readonly params: OutputParams & Reading;
  plan(emit: (event: ConvertEvent) => void): Promise<Plan>;
  write(): AsyncGenerator<ConvertEvent, ConvertResult>;
}

/** Prints the plan, or writes the files and tells about it. */
export async function runPlanned(
  flags: FileFlags & PlotFlags,
  start: (signal: AbortSignal) => Promise<Work>,
): Promise<void> {
  const terminal = { out: process.stdout, err: process.stderr };
  // The plan alone is one JSON document, so what is said beside it goes to stderr.
  const reporter = flags.json && !flags.dryRun ? jsonReporter(terminal) : textReporter(terminal);
  await interruptible(async (signal) => {
    const work = await start(signal);
    const plots = await Plots.of(flags, work.params);
    if (flags.dryRun) {
      const planned = await work.plan((event) => {
        if (isOfPlan(event)) {
          reporter.event(event);
        }
      });
      await plots.check(planned);
      process.stdout.write(`${flags.json ? toJsonLine(planned) : renderPlan(planned)}\n`);
      return;
    }
    await plots.during(async () => {
      for await (const event of work.write()) {
        reporter.event(event);
        if (event.event === 'plan') {
          await plots.check(event.plan);
        } else if (event.event === 'done') {
          await plots.draw(event.result);
        }
      }
    });
  });
}

/** What is said beside a plan: to make one for a target size takes a while. */
function isOfPlan(event: ConvertEvent): boolean {
  return event.event === 'phase'
    ? ['collect', 'sensitivity', 'measure'].includes(event.phase)
    : ['warning', 'coverage', 'progress'].includes(event.event);
}

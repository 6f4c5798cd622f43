import type { ConvertEvent, ConvertResult } from '../calls/events.js';
import type { Plan } from '../layout/plan.js';
import type { Reading } from '../output/inputs.js';
import type { OutputParams } from '../plan/params.js';
import type { FileFlags } from './file-options.js';
import { collectGarbage } from './heap.js';
import { interruptible } from './interrupt.js';
import { nextCommands } from './next-commands.js';
import { renderPlan } from './plan-table.js';
import { type PlotFlags, plotsOfConversion } from './plots.js';
import { jsonReporter, textReporter } from './reporter.js';
import { screen } from './terminal/screen.js';

/** The library's two calls for one command line. */
export interface Work {
  readonly params: OutputParams & Reading;
  /** The source, where commands for the next step are shown after the result. */
  readonly source?: string;
  plan(emit: (event: ConvertEvent) => void): Promise<Plan>;
  write(): AsyncGenerator<ConvertEvent, ConvertResult>;
}

/** Prints the plan with --dry-run, else writes the files and shows the events. */
export async function runPlanned(
  flags: FileFlags & PlotFlags,
  start: (signal: AbortSignal) => Promise<Work>,
): Promise<void> {
  // The plan is one JSON document on stdout, so warnings and progress go to stderr.
  const reporter = flags.json && !flags.dryRun ? jsonReporter() : textReporter();
  await interruptible(async (signal) => {
    const work = await start(signal);
    const plots = await plotsOfConversion(flags, work.params);
    if (flags.dryRun) {
      const planned = await work.plan((event) => {
        if (isOfPlan(event)) {
          reporter.event(event);
        }
      });
      await plots.check(planned);
      screen.end();
      if (flags.json) {
        screen.json(planned);
      } else {
        screen.print(renderPlan(planned, look()));
      }
      return;
    }
    await plots.during(async () => {
      for await (const event of work.write()) {
        reporter.event(event);
        if (event.event === 'plan') {
          await plots.check(event.plan);
        } else if (event.event === 'phase' && event.phase === 'fill') {
          collectGarbage();
        } else if (event.event === 'done') {
          await plots.draw(event.result);
          if (work.source !== undefined && !flags.json && screen.isTerminal) {
            screen.sayAsIs(`\n${nextCommands(event.result.files, work.source, screen.width)}`);
          }
        }
      }
    });
  });
}

function look() {
  return { width: screen.width, paint: screen.paintOut, verbose: screen.loudness.verbose ?? false };
}

/** The events that --dry-run shows too. */
function isOfPlan(event: ConvertEvent): boolean {
  return ['phase', 'progress', 'wait', 'warning', 'coverage'].includes(event.event);
}

import type { Plan } from '../convert/plan.js';
import type { ConvertEvent, ConvertResult } from '../events.js';
import { plotCheck } from '../plot/plot-check.js';
import { plotErrors } from '../plot/plot-errors.js';
import type { CheckFlags } from './check-options.js';
import type { FileFlags } from './file-options.js';
import { interruptible } from './interrupt.js';
import { toJsonLine } from './json.js';
import { renderPlan } from './plan-table.js';
import { makePlotFolders, writePlot } from './plot-options.js';
import type { OutputFlags } from './quantize-options.js';
import { jsonReporter, textReporter } from './reporter.js';

/** The library's two calls for one command line. */
export interface Work {
  plan(emit: (event: ConvertEvent) => void): Promise<Plan>;
  write(): AsyncGenerator<ConvertEvent, ConvertResult>;
}

type PlotFlags = Pick<OutputFlags, 'statsPlot'> & Pick<CheckFlags, 'checkPlot'>;

/** Prints the plan, or writes the files and tells about it. */
export async function runPlanned(flags: FileFlags & PlotFlags, start: (signal: AbortSignal) => Work): Promise<void> {
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
    await makePlotFolders([flags.statsPlot, flags.checkPlot]);
    for await (const event of work.write()) {
      reporter.event(event);
      if (event.event === 'done') {
        await drawPlots(event.result, flags);
      }
    }
  });
}

async function drawPlots({ files, check }: ConvertResult, { statsPlot, checkPlot }: PlotFlags): Promise<void> {
  if (statsPlot !== undefined) {
    await writePlot(statsPlot, await plotErrors(files));
  }
  if (checkPlot !== undefined && check) {
    await writePlot(checkPlot, await plotCheck(check));
  }
}

/** What is said beside a plan: to make one for a target size takes a while. */
function isOfPlan(event: ConvertEvent): boolean {
  return event.event === 'phase'
    ? ['collect', 'sensitivity', 'measure'].includes(event.phase)
    : ['warning', 'coverage', 'progress'].includes(event.event);
}

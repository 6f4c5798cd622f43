import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../convert/outputs.js';
import type { Plan } from '../convert/plan.js';
import { plotErrors } from '../convert/plot-errors.js';
import { ResourceError } from '../errors.js';
import type { ConvertEvent, ConvertResult } from '../events.js';
import { plotCheck } from '../runner/plot-check.js';
import type { CheckFlags } from './check-options.js';
import type { FileFlags } from './file-options.js';
import { interruptible } from './interrupt.js';
import { toJsonLine } from './json.js';
import { nextCommands } from './next-commands.js';
import { renderPlan } from './plan-table.js';
import type { OutputFlags } from './quantize-options.js';
import { jsonReporter, textReporter } from './reporter.js';
import { screen } from './terminal/screen.js';

/** The library's two calls for one command line. */
export interface Work {
  /** What is converted, where something is to be done with the result next. */
  readonly source?: string;
  plan(emit: (event: ConvertEvent) => void): Promise<Plan>;
  write(): AsyncGenerator<ConvertEvent, ConvertResult>;
}

type PlotFlags = Pick<OutputFlags, 'statsPlot'> & Pick<CheckFlags, 'checkPlot'>;

class PlotError extends ResourceError {}

/** Prints the plan, or writes the files and tells about it. */
export async function runPlanned(flags: FileFlags & PlotFlags, start: (signal: AbortSignal) => Work): Promise<void> {
  // The plan alone is one JSON document, so what is said beside it goes to stderr.
  const reporter = flags.json && !flags.dryRun ? jsonReporter() : textReporter();
  await interruptible(async (signal) => {
    const work = start(signal);
    if (flags.dryRun) {
      const planned = await work.plan((event) => {
        if (isOfPlan(event)) {
          reporter.event(event);
        }
      });
      screen.end();
      screen.print(flags.json ? toJsonLine(planned) : renderPlan(planned, look()));
      return;
    }
    await makeFolders(flags);
    for await (const event of work.write()) {
      reporter.event(event);
      if (event.event === 'done') {
        await drawPlots(event.result, flags);
        if (work.source !== undefined && !flags.json && screen.isTerminal) {
          screen.sayAsIs(`\n${nextCommands(event.result.files, work.source, screen.width)}`);
        }
      }
    }
  });
}

function look() {
  return { width: screen.width, paint: screen.paintOut, verbose: screen.loudness.verbose ?? false };
}

/** Makes the plots' folders: what is wrong with them is known before the work. */
async function makeFolders({ statsPlot, checkPlot }: PlotFlags): Promise<void> {
  for (const path of [statsPlot, checkPlot]) {
    if (path !== undefined) {
      await makeFolder(dirname(path)).catch(refusePlot(path));
    }
  }
}

async function drawPlots({ files, check }: ConvertResult, { statsPlot, checkPlot }: PlotFlags): Promise<void> {
  if (statsPlot !== undefined) {
    await writeFile(statsPlot, plotErrors(files)).catch(refusePlot(statsPlot));
  }
  if (checkPlot !== undefined) {
    await writeFile(checkPlot, plotCheck(check?.models ?? [])).catch(refusePlot(checkPlot));
  }
}

function refusePlot(path: string): (cause: Error) => never {
  return (cause) => {
    throw new PlotError(`The plot ${path} cannot be written: ${cause.message}.`, 'Choose another place.', { cause });
  };
}

/** What is said beside a plan. */
function isOfPlan(event: ConvertEvent): boolean {
  return ['phase', 'progress', 'wait', 'warning', 'coverage'].includes(event.event);
}

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
import { renderPlan } from './plan-table.js';
import type { OutputFlags } from './quantize-options.js';
import { jsonReporter, textReporter } from './reporter.js';

/** The library's two calls for one command line. */
export interface Work {
  plan(emit: (event: ConvertEvent) => void): Promise<Plan>;
  write(): AsyncGenerator<ConvertEvent, ConvertResult>;
}

type PlotFlags = Pick<OutputFlags, 'statsPlot'> & Pick<CheckFlags, 'checkPlot'>;

class PlotError extends ResourceError {}

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
    if (flags.dryRun) {
      const planned = await work.plan((event) => {
        if (isOfPlan(event)) {
          reporter.event(event);
        }
      });
      process.stdout.write(`${flags.json ? toJsonLine(planned) : renderPlan(planned)}\n`);
      return;
    }
    await makeFolders(flags);
    for await (const event of work.write()) {
      reporter.event(event);
      if (event.event === 'done') {
        await drawPlots(event.result, flags);
      }
    }
  });
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

/** What is said beside a plan: to make one for a target size takes a while. */
function isOfPlan(event: ConvertEvent): boolean {
  return event.event === 'phase'
    ? ['collect', 'sensitivity', 'measure'].includes(event.phase)
    : ['warning', 'coverage', 'progress'].includes(event.event);
}

import { InvalidArgumentError } from 'commander';
import type { ConvertResult } from '../calls/events.js';
import type { Plan } from '../layout/plan.js';
import { checkOutputs, type Guard, guardOf } from '../output/guard.js';
import type { Reading } from '../output/inputs.js';
import { GGUF_FILE, SVG_FILE } from '../output/kinds.js';
import { knownPath } from '../output/output-paths.js';
import { PartialFiles } from '../output/partial-files.js';
import type { OutputParams } from '../plan/params.js';
import { printable, printableLines } from '../printable.js';
import type { CheckResult } from '../runner/check-result.js';
import { withoutSecrets } from '../secrets.js';
import { screen } from './terminal/screen.js';

/** The argument of an option that names a plot. @throws InvalidArgumentError, of which commander makes a sentence. */
export function svgPath(path: string): string {
  if (!/[^\\/]\.svg$/i.test(path)) {
    throw new InvalidArgumentError('Plots are SVG documents: give a name that ends in .svg.');
  }
  return path;
}

export interface PlotFlags {
  readonly statsPlot?: string;
  readonly checkPlot?: string;
}

/** A requested plot, and how it is drawn from a command's result. */
export interface Plot<Result> {
  readonly path: string | undefined;
  draw(result: Result): Promise<string>;
}

/** The plots of a conversion. @throws as `checkOutputs`, also where a plot has the output's name */
export async function plotsOfConversion(
  { statsPlot, checkPlot }: PlotFlags,
  params: OutputParams & Reading,
): Promise<Plots<ConvertResult>> {
  const plots = new Plots<ConvertResult>(
    [
      { path: statsPlot, draw: async ({ files }) => (await import('../plot/plot-errors.js')).plotErrors(files) },
      { path: checkPlot, draw: async ({ check }) => (check ? drawCheck(check) : '') },
    ],
    await guardOf(params),
  );
  const known = await knownPath(params.output, false);
  await plots.checkBeside(known === null ? [] : [known]);
  return plots;
}

/** Size against KL divergence. What draws it is loaded where it is used: few commands do. */
export async function drawCheck(result: CheckResult): Promise<string> {
  const { plotCheck } = await import('../plot/plot-check.js');
  return plotCheck(result);
}

/** The plots of a command, which are written as its other outputs are. */
export class Plots<Result> {
  readonly #plots: readonly { readonly path: string; draw(result: Result): Promise<string> }[];
  readonly #files: PartialFiles;

  constructor(
    plots: readonly Plot<Result>[],
    readonly guard: Guard,
  ) {
    this.#plots = plots.flatMap(({ path, draw }) => (path === undefined ? [] : [{ path, draw }]));
    this.#files = new PartialFiles(
      this.#plots.map(({ path }) => ({ ...wanted(path), header: new Uint8Array(), size: 0 })),
      guard,
    );
  }

  /** @throws as `checkOutputs` where a plot has the name of a planned file */
  async check(plan: Plan): Promise<void> {
    await this.checkBeside(plan.files.map(({ path }) => path));
  }

  /** @throws as `checkOutputs` where a plot has the name of one of these GGUF files */
  async checkBeside(paths: readonly string[]): Promise<void> {
    if (this.#plots.length > 0) {
      const files = paths.map((path) => ({ path, replaceable: GGUF_FILE }));
      await checkOutputs([...files, ...this.#plots.map(({ path }) => wanted(path))], this.guard);
    }
  }

  /** Runs work whose result may be drawn: that there is a place for it is known before. @throws as `PartialFiles` */
  async during(work: () => Promise<void>): Promise<void> {
    try {
      await this.#files.open();
      await work();
    } finally {
      await this.#files.discard();
    }
  }

  /** Draws and writes all of them, and says so. */
  async draw(result: Result): Promise<void> {
    for (const [i, plot] of this.#plots.entries()) {
      await this.#files.write(i, Buffer.from(printableLines(withoutSecrets(await plot.draw(result)))), 0);
    }
    const replaced = await this.#files.finish();
    for (const [i, { path }] of this.#plots.entries()) {
      screen.say(`${printable(path)}: ${replaced[i] ? 'the plot, replaced' : 'the plot'}`);
    }
  }
}

const wanted = (path: string) => ({ path, replaceable: SVG_FILE });

import type { OutputParams } from '../convert/params.js';
import type { Plan } from '../convert/plan.js';
import { plotErrors } from '../convert/plot-errors.js';
import type { ConvertResult } from '../events.js';
import { checkOutputs, type Guard, guardOf } from '../output/guard.js';
import type { Reading } from '../output/inputs.js';
import { GGUF_FILE, SVG_FILE } from '../output/kinds.js';
import { knownPath } from '../output/output-paths.js';
import { type Output, PartialFiles } from '../output/partial-files.js';
import { plotCheck } from '../runner/plot-check.js';

export interface PlotFlags {
  readonly statsPlot?: string;
  readonly checkPlot?: string;
}

interface Plot extends Output {
  draw(result: ConvertResult): string;
}

/** The plots of a command, which are written as its other outputs are. */
export class Plots {
  readonly #files: PartialFiles;

  private constructor(
    readonly plots: readonly Plot[],
    readonly guard: Guard,
  ) {
    this.#files = new PartialFiles(plots, guard);
  }

  /** @throws as `checkOutputs`, also where a plot has the output's name */
  static async of({ statsPlot, checkPlot }: PlotFlags, params: OutputParams & Reading): Promise<Plots> {
    const plots = new Plots(
      [
        ...plot(statsPlot, ({ files }) => plotErrors(files)),
        ...plot(checkPlot, ({ check }) => plotCheck(check?.models ?? [])),
      ],
      await guardOf(params),
    );
    const known = await knownPath(params.output, false);
    await plots.#check(known === null ? [] : [known]);
    return plots;
  }

  /** @throws as `checkOutputs` where a plot has the name of a planned file */
  async check(plan: Plan): Promise<void> {
    await this.#check(plan.files.map(({ path }) => path));
  }

  async #check(paths: readonly string[]): Promise<void> {
    if (this.plots.length > 0) {
      await checkOutputs([...paths.map((path) => ({ path, replaceable: GGUF_FILE })), ...this.plots], this.guard);
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

  /** @returns the paths of those that took the place of others. */
  async draw(result: ConvertResult): Promise<string[]> {
    for (const [i, plot] of this.plots.entries()) {
      await this.#files.write(i, Buffer.from(plot.draw(result)), 0);
    }
    const replaced = await this.#files.finish();
    return this.plots.flatMap(({ path }, i) => (replaced[i] ? [path] : []));
  }
}

function plot(path: string | undefined, draw: Plot['draw']): Plot[] {
  return path === undefined ? [] : [{ path, replaceable: SVG_FILE, header: new Uint8Array(), size: 0, draw }];
}

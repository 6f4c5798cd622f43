import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { makeFolder } from '../convert/outputs.js';
import { ResourceError } from '../errors.js';

class PlotError extends ResourceError {}

/** The argument of an option that names a plot. @throws InvalidArgumentError, of which commander makes a sentence. */
export function svgPath(path: string): string {
  if (!/[^\\/]\.svg$/i.test(path)) {
    throw new InvalidArgumentError('Plots are SVG documents: give a name that ends in .svg.');
  }
  return path;
}

/** Makes the plots' folders: what is wrong with them is known before the work. @throws PlotError */
export async function makePlotFolders(paths: readonly (string | undefined)[]): Promise<void> {
  for (const path of paths) {
    if (path !== undefined) {
      await makeFolder(dirname(path)).catch(refusePlot(path));
    }
  }
}

/** @throws PlotError */
export async function writePlot(path: string, svg: string): Promise<void> {
  await writeFile(path, svg).catch(refusePlot(path));
}

function refusePlot(path: string): (cause: Error) => never {
  return (cause) => {
    throw new PlotError(`The plot ${path} cannot be written: ${cause.message}.`, 'Choose another place.', { cause });
  };
}

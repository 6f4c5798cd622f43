import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plotCheck } from '../../plot/plot-check.js';
import { PLOT } from '../../publish/card.js';
import type { Made } from '../../publish/params.js';
import type { JobFile, Quality } from '../api.js';
import type { StoredJob } from '../queue/queue.js';

/** What was measured of a job's files, with a plot in its folder; null where nothing was. @param folder the job's. */
export async function keepQuality(
  folder: string,
  source: string,
  files: readonly JobFile[],
  { check, files: measured }: Made,
): Promise<Quality | null> {
  const models = measured.flatMap(({ type, measured }) => (measured ? [{ type, ...measured }] : []));
  if (check === null || models.length === 0) {
    return null;
  }
  const { perplexity, ctx, chunks, tokens } = check;
  const plot = await plotCheck({
    ...check,
    base: { source },
    models: models.map(({ type, kld }) => {
      const own = files.filter((file) => file.type === type);
      const size = own.reduce((sum, file) => sum + file.size, 0);
      return { source: own[0]?.name ?? type, type, size, divergence: { kld } };
    }),
  });
  await writeFile(join(folder, PLOT), plot);
  return { perplexity, ctx, chunks, tokens, models, plot: PLOT };
}

/** A finished job's types and figures, for publishing. */
export function madeBy({ quant, quality }: StoredJob): Made {
  if (quality === null) {
    return { check: null, files: quant.map((type) => ({ type, measured: null })) };
  }
  const { models, plot: _, ...check } = quality;
  const measured = new Map(models.map(({ type, ...figures }) => [type, figures]));
  return {
    check: { ...check, text: null },
    files: quant.map((type) => ({ type, measured: measured.get(type) ?? null })),
  };
}

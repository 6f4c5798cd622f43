import { UnsupportedError } from '../errors.js';
import type { JsonObject } from '../json.js';
import type { SmallFiles } from '../repo/small-files.js';
import { isModule, PoolingFileError, sentenceModules } from './sentence-modules.js';

/** An embedding model pools in a way for which GGUF has no number. */
export class UnsupportedPoolingError extends UnsupportedError {}

/**
 * `pooling_mode`, or in older files a flag → `llama_pooling_type`. Flags are asked in this order. ref-quirk:
 * `_try_set_pooling_type` in conversion/base.py.
 */
const MODES: ReadonlyMap<unknown, number> = new Map([
  ['mean', 1],
  ['cls', 2],
  ['lasttoken', 3],
]);
const FLAGS = [
  ['pooling_mode_mean_tokens', 1],
  ['pooling_mode_cls_token', 2],
  ['pooling_mode_lasttoken', 3],
] as const;

/**
 * The `llama_pooling_type` that sentence-transformers' `modules.json` gives an embedding model; null where it gives
 * none.
 * @throws PoolingFileError, UnsupportedPoolingError
 */
export async function poolingType(files: SmallFiles): Promise<number | null> {
  const pooling = (await sentenceModules(files)).find((module) => isModule(module, 'Pooling'));
  if (pooling === undefined) {
    return null;
  }
  const path = `${typeof pooling.path === 'string' ? pooling.path : '.'}/config.json`;
  const config = await files.json(path);
  if (config === null) {
    throw new PoolingFileError(
      `modules.json says how the model pools in ${path}, which is not there.`,
      'Download the whole repository.',
    );
  }
  return modeOf(config, path);
}

function modeOf(config: JsonObject, path: string): number {
  const mode = FLAGS.find(([flag]) => config[flag])?.[1] ?? MODES.get(config.pooling_mode);
  if (mode === undefined) {
    throw new UnsupportedPoolingError(
      `${path} pools in a way that GGUF has no number for.`,
      'Mean, CLS and last-token pooling are supported.',
    );
  }
  return mode;
}

import { SourceError, UnsupportedError } from '../errors.js';
import { isObject, type JsonObject, parseJson } from '../json.js';
import type { SmallFiles } from '../repo/small-files.js';

/** `modules.json`, or a file that it names, is missing or is not what sentence-transformers writes. */
export class PoolingFileError extends SourceError {}
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
  const text = await files.text('modules.json');
  const modules = text === null ? [] : parseJson(text, 'modules.json');
  if (!Array.isArray(modules)) {
    throw new PoolingFileError(
      'modules.json holds no list.',
      'Download the file again, or tell the repository about it.',
    );
  }
  const pooling = modules.filter(isObject).find(({ type }) => typeof type === 'string' && type.endsWith('Pooling'));
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

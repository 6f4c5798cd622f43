import type { DenseModule } from '../config/config.js';
import { SourceError, UnsupportedError } from '../errors.js';
import { isObject, type JsonObject, parseJson } from '../json.js';
import type { SmallFiles } from '../repo/small-files.js';

/** `modules.json`, or a file that it names, is missing or is not what sentence-transformers writes. */
export class PoolingFileError extends SourceError {}
/** An embedding model pools in a way for which GGUF has no number. */
export class UnsupportedPoolingError extends UnsupportedError {}

/** The modules in sentence-transformers' `modules.json` whose type, a Python class, ends like this. */
async function modulesOf(files: SmallFiles, end: string): Promise<readonly JsonObject[]> {
  const text = await files.text('modules.json');
  const modules = text === null ? [] : parseJson(text, 'modules.json');
  if (!Array.isArray(modules)) {
    const next = 'Download the file again, or tell the repository about it.';
    throw new PoolingFileError('modules.json holds no list.', next);
  }
  return modules.filter(isObject).filter(({ type }) => typeof type === 'string' && type.endsWith(end));
}

/**
 * The `llama_pooling_type` of each `pooling_mode`, and of the flags of older files, which are asked in this order.
 * ref-quirk: `_try_set_pooling_type` in conversion/base.py.
 */
const MODES: ReadonlyMap<unknown, number> = new Map(Object.entries({ mean: 1, cls: 2, lasttoken: 3 }));
const FLAGS = ['pooling_mode_mean_tokens', 'pooling_mode_cls_token', 'pooling_mode_lasttoken'];

/**
 * The `llama_pooling_type` that `modules.json` gives an embedding model; null where it gives none.
 * @throws PoolingFileError, UnsupportedPoolingError
 */
export async function poolingType(files: SmallFiles): Promise<number | null> {
  const [pooling] = await modulesOf(files, 'Pooling');
  if (pooling === undefined) {
    return null;
  }
  const path = `${typeof pooling.path === 'string' ? pooling.path : '.'}/config.json`;
  const config = await files.json(path);
  if (config === null) {
    const what = `modules.json says how the model pools in ${path}, which is not there.`;
    throw new PoolingFileError(what, 'Download the whole repository.');
  }
  const mode = FLAGS.findIndex((flag) => config[flag]) + 1 || MODES.get(config.pooling_mode);
  if (mode === undefined) {
    const what = `${path} pools in a way that GGUF has no number for.`;
    throw new UnsupportedPoolingError(what, 'Mean, CLS and last-token pooling are supported.');
  }
  return mode;
}

/** ref-quirk: the constructor of `EmbeddingGemma` in conversion/gemma.py. @throws PoolingFileError */
export async function denseModules(files: SmallFiles): Promise<readonly DenseModule[]> {
  const found: DenseModule[] = [];
  for (const { path } of await modulesOf(files, 'Dense')) {
    const file = `${path}/model.safetensors`;
    if (typeof path === 'string' && (await files.has(file))) {
      const name = path === '2_Dense' ? 'dense_2' : 'dense_3';
      found.push({ name, file, config: (await files.json(`${path}/config.json`)) ?? {} });
    }
  }
  return found;
}

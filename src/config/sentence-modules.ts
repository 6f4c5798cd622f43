import { SourceError } from '../errors.js';
import { isObject, type JsonObject, parseJson } from '../json.js';
import type { SmallFiles } from '../repo/small-files.js';

/** `modules.json`, or a file that it names, is missing or is not what sentence-transformers writes. */
export class PoolingFileError extends SourceError {}

/** The modules that sentence-transformers' `modules.json` lists; none without it. @throws PoolingFileError */
export async function sentenceModules(files: SmallFiles): Promise<readonly JsonObject[]> {
  const text = await files.text('modules.json');
  const modules = text === null ? [] : parseJson(text, 'modules.json');
  if (!Array.isArray(modules)) {
    throw new PoolingFileError(
      'modules.json holds no list.',
      'Download the file again, or tell the repository about it.',
    );
  }
  return modules.filter(isObject);
}

/** Whether a module's type, a Python class, ends like this. */
export function isModule({ type }: JsonObject, end: string): boolean {
  return typeof type === 'string' && type.endsWith(end);
}

/** A Dense layer, which is applied to what the model pools. */
export interface DenseModule {
  /** Its name in GGUF. */
  readonly name: 'dense_2' | 'dense_3';
  /** The path of its weights. */
  readonly file: string;
  readonly config: JsonObject;
}

/** ref-quirk: the constructor of `EmbeddingGemma` in conversion/gemma.py. @throws PoolingFileError */
export async function denseModules(files: SmallFiles): Promise<readonly DenseModule[]> {
  const found: DenseModule[] = [];
  for (const module of await sentenceModules(files)) {
    const { path } = module;
    const file = `${path}/model.safetensors`;
    if (isModule(module, 'Dense') && typeof path === 'string' && (await files.has(file))) {
      const name = path === '2_Dense' ? 'dense_2' : 'dense_3';
      found.push({ name, file, config: (await files.json(`${path}/config.json`)) ?? {} });
    }
  }
  return found;
}

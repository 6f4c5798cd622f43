import type { JsonObject } from '../json.js';
import type { SmallFiles } from '../repo/small-files.js';
import { poolingType } from './pooling.js';
import { type DenseModule, denseModules } from './sentence-modules.js';

/** What families know of a repository beside config.json. */
export interface Facts {
  readonly repoName: string;
  /** The text of the model card, README.md. */
  readonly readme: string | null;
  /** sentence-transformers' Dense layers, where they are asked for. */
  readonly denseModules: readonly DenseModule[];
  /**
   * The `llama_pooling_type` of an embedding model; undefined for any other model.
   * @throws PoolingFileError, UnsupportedPoolingError
   */
  pooling(): number | undefined;
  /** Whether the repository has a file. */
  has(path: string): boolean;
  /** One of the files that the family names in `Architecture.files`; null where there is none. */
  json(path: string): JsonObject | null;
}

export interface Wanted {
  /** The paths of JSON files. */
  readonly files?: readonly string[] | undefined;
  readonly denseModules?: boolean | undefined;
}

/** Collects the facts of a repository. What is wrong with the files of the pooling is thrown when a family asks for it. */
export async function gatherFacts(files: SmallFiles, wanted: Wanted = {}): Promise<Facts> {
  const readme = await files.text('README.md');
  const [pooling] = await Promise.allSettled([poolingType(files)]);
  const listed = new Set((await files.repo.list()).map(({ path }) => path));
  const read = new Map<string, JsonObject | null>();
  for (const path of wanted.files ?? []) {
    read.set(path, await files.json(path));
  }
  return {
    repoName: files.repo.name,
    readme,
    denseModules: wanted.denseModules ? await denseModules(files) : [],
    pooling() {
      if (pooling.status === 'rejected') {
        throw pooling.reason;
      }
      return pooling.value ?? undefined;
    },
    has: (path) => listed.has(path),
    json: (path) => read.get(path) ?? null,
  };
}

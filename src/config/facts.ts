import type { SmallFiles } from '../repo/small-files.js';
import { poolingType } from './pooling.js';

/** What families know of a repository beside config.json. */
export interface Facts {
  readonly repoName: string;
  /** The text of the model card, README.md. */
  readonly readme: string | null;
  /**
   * The `llama_pooling_type` of an embedding model; undefined for any other model.
   * @throws PoolingFileError, UnsupportedPoolingError
   */
  pooling(): Promise<number | undefined>;
}

/** Collects the facts of a repository. It reads the files of the pooling only when they are asked for. */
export async function gatherFacts(files: SmallFiles): Promise<Facts> {
  return {
    repoName: files.repo.name,
    readme: await files.text('README.md'),
    pooling: async () => (await poolingType(files)) ?? undefined,
  };
}

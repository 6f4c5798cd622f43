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
  pooling(): number | undefined;
}

/** Collects the facts of a repository. What is wrong with the files of the pooling is thrown when a family asks for it. */
export async function gatherFacts(files: SmallFiles): Promise<Facts> {
  const readme = await files.text('README.md');
  const [pooling] = await Promise.allSettled([poolingType(files)]);
  return {
    repoName: files.repo.name,
    readme,
    pooling() {
      if (pooling.status === 'rejected') {
        throw pooling.reason;
      }
      return pooling.value ?? undefined;
    },
  };
}

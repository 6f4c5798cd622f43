import type { SmallFiles } from '../repo/small-files.js';
import { poolingType } from './pooling.js';

/** What families are told beside config.json. */
export interface Facts {
  readonly repoName: string;
  /** The model card's text. */
  readonly readme: string | null;
  /** How an embedding model pools, read when it is asked for. @throws PoolingFileError, UnsupportedPoolingError */
  pooling(): Promise<number | undefined>;
}

export async function gatherFacts(files: SmallFiles): Promise<Facts> {
  return {
    repoName: files.repo.name,
    readme: await files.text('README.md'),
    pooling: async () => (await poolingType(files)) ?? undefined,
  };
}

import { UsageError } from '../errors.js';
import type { JsonObject } from '../json.js';
import type { SmallFiles } from '../repo/small-files.js';
import { optionalObject } from './fields.js';
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
  /**
   * config.json of the model that a draft model is made for, with the text model's fields over its own.
   * @throws NoTargetModelError
   */
  target(): JsonObject;
}

/** A draft model without the one that it drafts for. */
export class NoTargetModelError extends UsageError {}

/**
 * Collects the facts of a repository. What is wrong with the files of the pooling is thrown when a family asks for it.
 * @param target the files of the model that this one drafts for.
 */
export async function gatherFacts(files: SmallFiles, target?: SmallFiles): Promise<Facts> {
  const targetConfig = await target?.json('config.json');
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
    target() {
      if (!targetConfig) {
        throw new NoTargetModelError(
          'The model drafts for another one, whose vocabulary and configuration it shares.',
          'Name that one with --target-model-dir.',
        );
      }
      return { ...targetConfig, ...optionalObject({ hparams: targetConfig }, 'text_config') };
    },
  };
}

import type { Facts } from '../config/config.js';
import { UsageError } from '../errors.js';
import { isObject, type JsonObject } from '../json.js';
import { object } from '../language/fields.js';
import type { SmallFiles } from '../repo/small-files.js';
import { denseModules, poolingType } from './sentence-modules.js';

interface Wanted {
  /** The paths of JSON files. */
  readonly files?: readonly string[] | undefined;
  readonly denseModules?: boolean | undefined;
  /** The files of the model that this one drafts for. */
  readonly target?: SmallFiles | undefined;
}

/** A draft model without the one that it drafts for. */
export class NoTargetModelError extends UsageError {}

/** Collects the facts of a repository. What is wrong with the files of the pooling is thrown when a family asks for it. */
export async function gatherFacts(files: SmallFiles, wanted: Wanted = {}): Promise<Facts> {
  const targetConfig = await wanted.target?.json('config.json');
  const readme = await files.text('README.md');
  const [pooling, vocabulary] = await Promise.allSettled([poolingType(files), answers(files, readme)]);
  const listed = new Set((await files.repo.list()).map(({ path }) => path));
  const read = new Map<string, JsonObject | null>();
  for (const path of wanted.files ?? []) {
    read.set(path, await files.json(path));
  }
  return {
    repoName: files.repo.name,
    readme,
    denseModules: wanted.denseModules ? await denseModules(files) : [],
    pooling: () => settled(pooling) ?? undefined,
    answer: (token) => settled(vocabulary)(token),
    has: (path) => listed.has(path),
    json: (path) => read.get(path) ?? null,
    target() {
      if (!targetConfig) {
        throw new NoTargetModelError(
          'The model drafts for another one, whose vocabulary and configuration it shares.',
          'Name that one with --target-model-dir.',
        );
      }
      return { ...targetConfig, ...object.optional({ hparams: targetConfig }, 'text_config') };
    },
  };
}

function settled<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') {
    throw result.reason;
  }
  return result.value;
}

/** Finds tokens by their text, in the files of a tokenizer. They are read for a reranker alone. */
async function answers(files: SmallFiles, readme: string | null): Promise<Facts['answer']> {
  const texts = [files.repo.name, readme, await files.text('config.json')];
  if (!texts.some((text) => /rerank|sequenceclassification/i.test(text ?? ''))) {
    return () => undefined;
  }
  const tokenizer = await files.json('tokenizer.json');
  const { vocab } = isObject(tokenizer?.model) ? tokenizer.model : { vocab: await files.json('vocab.json') };
  const added = Array.isArray(tokenizer?.added_tokens) ? tokenizer.added_tokens.filter(isObject) : [];
  return (token) => {
    const own = isObject(vocab) && Object.hasOwn(vocab, token) ? vocab[token] : undefined;
    const id = added.find(({ content }) => content === token)?.id ?? own;
    return typeof id === 'number' ? id : undefined;
  };
}

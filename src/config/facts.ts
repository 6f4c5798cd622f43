import { isObject, type Json } from '../json.js';
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
  /**
   * The id of a token that a reranker answers with; undefined where the tokenizer has none, or nothing in the repository
   * speaks of a reranker.
   * @throws MalformedJsonError, JsonLimitError
   */
  answer(token: string): number | undefined;
  /**
   * How many tokens the tokenizer has beside added ones; undefined for a model that is no MiniMax-Text-01 or M1.
   * @throws MalformedJsonError, JsonLimitError
   */
  ownTokens(): number | undefined;
}

/** Collects the facts of a repository. What is wrong with the files of the pooling is thrown when a family asks for it. */
export async function gatherFacts(files: SmallFiles): Promise<Facts> {
  const readme = await files.text('README.md');
  const [pooling, vocabulary] = await Promise.allSettled([poolingType(files), readVocabulary(files, readme)]);
  const read = () => {
    if (vocabulary.status === 'rejected') {
      throw vocabulary.reason;
    }
    return vocabulary.value;
  };
  return {
    repoName: files.repo.name,
    readme,
    pooling() {
      if (pooling.status === 'rejected') {
        throw pooling.reason;
      }
      return pooling.value ?? undefined;
    },
    answer: (token) => read().answer(token),
    ownTokens: () => read().count,
  };
}

/** Classes of models whose keys say something of single tokens. */
const BY_TOKENS = /rerank|sequenceclassification|MiniMaxText01|MiniMaxM1For/i;

interface Vocabulary {
  answer(token: string): number | undefined;
  readonly count?: number;
}

/** The tokens of a tokenizer's files. They are read for few kinds of models. */
async function readVocabulary(files: SmallFiles, readme: string | null): Promise<Vocabulary> {
  const config = await files.text('config.json');
  if (![files.repo.name, readme, config].some((text) => text !== null && BY_TOKENS.test(text))) {
    return { answer: () => undefined };
  }
  const tokenizer = await files.json('tokenizer.json');
  const { vocab } = isObject(tokenizer?.model) ? tokenizer.model : { vocab: await files.json('vocab.json') };
  const added = Array.isArray(tokenizer?.added_tokens) ? tokenizer.added_tokens.filter(isObject) : [];
  const answer = (token: string) => {
    const own = isObject(vocab) && Object.hasOwn(vocab, token) ? vocab[token] : undefined;
    const id: Json | undefined = added.find(({ content }) => content === token)?.id ?? own;
    return typeof id === 'number' ? id : undefined;
  };
  return isObject(vocab) ? { answer, count: Object.keys(vocab).length } : { answer };
}

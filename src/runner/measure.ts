import { throwIfAborted } from '../async/concurrency.js';
import { UsageError } from '../errors.js';
import type { Graph } from '../graphs/graph.js';
import { counted } from '../options/counted.js';
import type { Vocabulary } from '../tokenize/vocabulary.js';
import type { Measures } from './check-result.js';
import { Distribution } from './distribution.js';
import { DivergenceSum } from './divergence.js';
import type { Engine } from './engine.js';
import { NoNumberError } from './no-number.js';
import { exponential, Samples, type Stretch, stretches } from './perplexity.js';

/** A model that is ready to be measured. */
export interface RunningModel {
  /** The source, for messages. */
  readonly source: string;
  readonly engine: Pick<Engine, 'run' | 'graph'>;
  readonly vocabulary: Vocabulary;
}

/** The text has fewer than two chunks. */
export class ShortTextError extends UsageError {}
/** The vocabulary of a model differs from that of the base. */
export class DifferentVocabularyError extends UsageError {}

/** The parameters of `measure`. */
export interface MeasureOptions {
  readonly text: string;
  /** The tokens of a chunk. */
  readonly context: number;
  /** The most chunks to run. @default all chunks of the text */
  readonly chunks?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The measurements after some chunks. */
export interface Running {
  /** Chunks that are done, and the number of all chunks. */
  readonly done: number;
  readonly total: number;
  /** The number of scored positions. */
  readonly tokens: number;
  readonly base: Measures | null;
  readonly models: readonly Measures[];
}

/**
 * Runs models over a text, chunk by chunk. In each chunk the base runs once, then each model runs, and their
 * predictions are compared. Only sums are kept.
 * @returns the measurements so far, after each chunk.
 * @param options numbers that `checkNumbers` accepts.
 * @throws ShortTextError, DifferentVocabularyError, NoNumberError, InterruptedError
 */
export async function* measure(
  models: readonly RunningModel[],
  base: RunningModel | null,
  { text, context, chunks, signal }: MeasureOptions,
): AsyncGenerator<Running> {
  const all = base ? [base, ...models] : models;
  checkVocabularies(all);
  const { vocabulary } = all[0] as RunningModel;
  const { tokens, total } = textChunks(vocabulary, text, { context, chunks });
  const scores = all.map((model) => new Score(model));
  for (let chunk = 0; chunk < total; chunk++) {
    for (const piece of stretches(tokens, chunk, context, vocabulary.addBos ? vocabulary.bos : null)) {
      for (const score of scores) {
        throwIfAborted(signal);
        await score.run(piece);
      }
      compare(scores, piece, base !== null);
    }
    const measures = scores.map((score) => score.measures());
    const [first = null, ...rest] = measures;
    const count = (scores[0] as Score).count;
    yield {
      ...{ done: chunk + 1, total, tokens: count },
      ...(base ? { base: first, models: rest } : { base: null, models: measures }),
    };
  }
}

/** The tokens of a text, and the number of chunks to run. @throws ShortTextError */
export function textChunks(
  vocabulary: Vocabulary,
  text: string,
  { context, chunks }: Pick<MeasureOptions, 'context' | 'chunks'>,
): { readonly tokens: Int32Array; readonly total: number } {
  const tokens = vocabulary.encode(text, { special: false, edges: true });
  return { tokens, total: chunkCount(tokens.length, context, chunks) };
}

/** The sums of one model. */
class Score {
  readonly #surprise = new Samples();
  readonly #divergence = new DivergenceSum();
  #logits: Float32Array = new Float32Array(0);
  /** The distribution of the position that was read last. */
  readonly distribution: Distribution;

  constructor(readonly model: RunningModel) {
    this.distribution = new Distribution(model.engine.graph.vocabulary);
  }

  get count(): number {
    return this.#surprise.count;
  }

  async run({ tokens, past, logitsFrom }: Stretch): Promise<void> {
    [this.#logits] = await this.model.engine.run(tokens, past, logitsFrom);
  }

  /** Reads a position. @param position its index among those whose logits were requested. */
  read(position: number, token: number, base: Distribution | null): void {
    const { distribution, model } = this;
    distribution.read(this.#logits, position * distribution.size);
    const surprise = distribution.surprise(token);
    if (!Number.isFinite(surprise)) {
      throw new NoNumberError(`${model.source} predicts ${surprise} at position ${this.count + 1}`);
    }
    this.#surprise.add(surprise);
    if (base) {
      this.#divergence.add(base, distribution, token);
    }
  }

  measures(): Measures {
    return {
      perplexity: exponential(this.#surprise.mean()),
      divergence: this.#divergence.count > 0 ? this.#divergence.result() : null,
    };
  }
}

/** Compares the models position by position. If there is a base, it is the first. */
function compare(scores: readonly Score[], { next }: Stretch, hasBase: boolean): void {
  const base = hasBase ? (scores[0]?.distribution ?? null) : null;
  for (const [position, token] of next.entries()) {
    for (const score of scores) {
      score.read(position, token, score.distribution === base ? null : base);
    }
  }
}

/** A warning for a chunk that is longer than the context for which the model was trained; null if it is not. */
export function shortContext(source: string, { contextLength }: Pick<Graph, 'contextLength'>, ctx: number) {
  return contextLength < ctx
    ? `${source} is made for ${contextLength} tokens, fewer than the ${ctx} of a chunk, and does worse on more.`
    : null;
}

/**
 * The number of chunks of `context` tokens. llama-perplexity and llama-imatrix need at least two.
 * @throws ShortTextError
 */
export function chunkCount(tokens: number, context: number, chunks: number | undefined): number {
  if (tokens < 2 * context) {
    throw new ShortTextError(
      `The text has ${counted(tokens, 'token')}; two chunks of ${context} are needed.`,
      'Give a longer text, or a smaller --ctx to hf2gguf check or imatrix.',
    );
  }
  return Math.min(Math.floor(tokens / context), chunks ?? Number.POSITIVE_INFINITY);
}

/** Checks that vocabularies are equal: predictions are comparable only if an id stands for the same text. */
function checkVocabularies([first, ...rest]: readonly RunningModel[]): void {
  for (const other of rest) {
    const difference = first && vocabularyDifference(first, other);
    if (difference) {
      throw new DifferentVocabularyError(
        `${first.source} and ${other.source} have different vocabularies: ${difference}.`,
        'Compare a model with the one that it was made from.',
      );
    }
  }
}

function vocabularyDifference(a: RunningModel, b: RunningModel): string | null {
  const size = a.engine.graph.vocabulary;
  if (size !== b.engine.graph.vocabulary) {
    return `${size} and ${b.engine.graph.vocabulary} tokens`;
  }
  const known = Math.min(size, a.vocabulary.size);
  const text = (bytes: Uint8Array) => JSON.stringify(Buffer.from(bytes).toString());
  for (let token = 0; token < known; token++) {
    const [left, right] = [a, b].map(({ vocabulary }) => vocabulary.piece(token, { special: true }));
    if (left && right && Buffer.compare(left, right) !== 0) {
      return `token ${token} is ${text(left)} and ${text(right)}`;
    }
  }
  const start = ({ vocabulary }: RunningModel) => (vocabulary.addBos ? vocabulary.bos : null);
  return start(a) === start(b) ? null : 'they begin a text differently';
}

import { withJobs } from '../async/jobs.js';
import { numbered } from '../async/stages.js';
import { type Call, stream } from '../async/stream.js';
import { UsageError } from '../errors.js';
import type { DoneEvent, OpeningEvent, PhaseEvent, ProgressEvent } from '../events.js';
import { refuseEmpty } from '../options/empty.js';
import { checkNumbers } from '../options/numbers.js';
import { openVocabulary } from '../tokenize/open.js';
import { warn } from '../warnings.js';
import type { Checked, CheckResult, MeasuredEvent, Measures } from './check-result.js';
import { checkGates, type Gates } from './gates.js';
import { measure, type Running, shortContext, textChunks } from './measure.js';
import { OpenedModels } from './model.js';
import { type OpenedModel, openHeaders, openRunningModels, type RunningOptions } from './running-models.js';
import { readText } from './texts.js';

/** The parameters of `check`. Options of the command line have the same names. */
export interface CheckParams extends Gates, Omit<RunningOptions, 'contextLength' | 'emit'> {
  /** The path of a GGUF file, or several; or a model in the format of transformers. */
  readonly source: string | readonly string[];
  /** The base to compare with: `org/model[@revision]`, a folder, or the path of a GGUF file. */
  readonly against?: string;
  /** A file of text in UTF-8. @default the bundled one */
  readonly text?: string;
  /** The number of chunks of the text to run. @default all */
  readonly chunks?: number;
  /** The tokens of a chunk. Its second half is scored. @default 512 */
  readonly ctx?: number;
}

export type CheckEvent = PhaseEvent | OpeningEvent | ProgressEvent | MeasuredEvent | DoneEvent<CheckResult>;

const DEFAULT_CONTEXT = 512;

/**
 * Measures the perplexity of models on a text. With a base it also measures how far their predictions are from the
 * base's, and runs both side by side. Definitions are those of llama-perplexity (tools/perplexity/perplexity.cpp of
 * llama.cpp v0.5.0).
 * @throws QualityGateError after the `done` event; Hf2ggufError for everything that the caller or the files can get
 * wrong
 */
export function check(params: CheckParams): Call<CheckEvent, CheckResult> {
  return stream((emit, signal) => run({ ...params, signal }, numbered(['open', 'check'], emit)), params.signal);
}

async function run(params: CheckParams, emit: (event: CheckEvent) => void): Promise<CheckResult> {
  checkParams(params);
  const own = withJobs(params, { emit });
  const { source: model, against = null, text: file = null, chunks, ctx = DEFAULT_CONTEXT, ...rest } = own;
  const { maxKld, maxPplRatio, ...others } = rest;
  const options = { opened: new OpenedModels(), ...others, contextLength: ctx, emit };
  const text = await readText(file, 'check');
  emit({ event: 'phase', phase: 'open' });
  const sources = [...(against === null ? [] : [against]), ...(typeof model === 'string' ? [model] : model)];
  await checkText(sources[0] as string, text, options, chunks);
  const opened = await openRunningModels(sources, options);
  try {
    warnOfContext(opened, ctx, emit);
    emit({ event: 'phase', phase: 'check' });
    const base = against === null ? null : (opened[0] as OpenedModel);
    const models = base ? opened.slice(1) : opened;
    let last: Running | undefined;
    for await (last of measure(models, base, { text, context: ctx, chunks, signal: options.signal })) {
      const { done, total } = last;
      emit({ event: 'measured', models: describe(models, last.models) });
      emit({ event: 'progress', unit: 'chunks', done, total });
    }
    const { done, tokens, ...measured } = last as Running;
    const result: CheckResult = {
      ...{ text: file, ctx, chunks: done, tokens },
      base: (base && measured.base && describe([base], [measured.base])[0]) ?? null,
      models: describe(models, measured.models),
    };
    emit({ event: 'done', result });
    checkGates(result, { maxKld, maxPplRatio });
    return result;
  } finally {
    for (const { engine } of opened) {
      engine.close();
    }
  }
}

/**
 * Finds errors of a check before there is a model to check. It reads the headers and small files of the base.
 * @throws the errors of `check`
 */
export async function expectCheck(params: Omit<CheckParams, 'source'> & { readonly against: string }): Promise<void> {
  checkParams({ ...params, source: 'model.gguf' });
  const { against, text: file = null, ctx = DEFAULT_CONTEXT, chunks } = params;
  const text = await readText(file, 'check');
  await checkText(against, text, { ...params, contextLength: ctx }, chunks);
}

/**
 * Checks that a text is long enough, for which the vocabulary is sufficient.
 * @throws ShortTextError, and the errors of `openHeaders`
 */
async function checkText(source: string, text: string, options: RunningOptions, chunks?: number): Promise<void> {
  const { kv } = await openHeaders(source, options);
  textChunks(openVocabulary(kv), text, { context: options.contextLength, chunks });
}

function describe(models: readonly OpenedModel[], measures: readonly Measures[]): Checked[] {
  return models.map(({ source, type, size, bitsPerWeight }, i) => ({
    ...{ source, type, size, bitsPerWeight },
    ...(measures[i] as Measures),
  }));
}

function warnOfContext(opened: readonly OpenedModel[], ctx: number, emit: (event: CheckEvent) => void): void {
  // One warning is enough: compared models are mostly versions of one model.
  const [message] = opened.flatMap(({ source, engine }) => shortContext(source, engine.graph, ctx) ?? []);
  if (message !== undefined) {
    warn({ emit }, message);
  }
}

/** Checks the parameters. @throws UsageError */
function checkParams(params: CheckParams): void {
  refuseEmpty(params);
  checkNumbers(params);
  const { source, against, maxKld, maxPplRatio } = params;
  if (source.length === 0) {
    throw new UsageError('There is no model to check.', 'Name a GGUF file.');
  }
  const [limit] =
    Object.entries({ '--max-kld': maxKld, '--max-ppl-ratio': maxPplRatio }).find(([, x]) => x !== undefined) ?? [];
  if (limit !== undefined && against === undefined) {
    throw new UsageError(`${limit} needs a model to compare with.`, 'Name it with --against.');
  }
}

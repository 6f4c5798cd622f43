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

/** What `check` takes; the command line's options under the same names. */
export interface CheckParams extends Gates, Omit<RunningOptions, 'contextLength' | 'emit'> {
  /** A GGUF file's path, or several; or a model in the format of transformers. */
  readonly source: string | readonly string[];
  /** What to compare with: `org/model[@revision]`, a folder, or a GGUF file's path. */
  readonly against?: string;
  /** A file of text in UTF-8. @default the bundled one */
  readonly text?: string;
  /** Chunks of the text to run. @default all */
  readonly chunks?: number;
  /** Tokens of a chunk, of which the second half is scored. @default 512 */
  readonly ctx?: number;
}

export type CheckEvent = PhaseEvent | OpeningEvent | ProgressEvent | MeasuredEvent | DoneEvent<CheckResult>;

const DEFAULT_CONTEXT = 512;

/**
 * Measures models on a text: their perplexity, and against a base how far their predictions are from its, both running
 * side by side. Definitions are those of llama-perplexity (tools/perplexity/perplexity.cpp of llama.cpp v0.5.0).
 * @throws QualityGateError after the `done` event, and Hf2ggufError as for everything that the caller or the files can get
 * wrong.
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
 * Finds what is wrong with a check while there is nothing to check yet: of the base, headers and small files are read.
 * @throws as `check`
 */
export async function expectCheck(params: Omit<CheckParams, 'source'> & { readonly against: string }): Promise<void> {
  checkParams({ ...params, source: 'model.gguf' });
  const { against, text: file = null, ctx = DEFAULT_CONTEXT, chunks } = params;
  const text = await readText(file, 'check');
  await checkText(against, text, { ...params, contextLength: ctx }, chunks);
}

/** Whether a text is long enough can be told from the vocabulary. @throws ShortTextError, and as `openHeaders` */
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
  // Those that are compared are mostly versions of one model.
  const [message] = opened.flatMap(({ source, engine }) => shortContext(source, engine.graph, ctx) ?? []);
  if (message !== undefined) {
    warn({ emit }, message);
  }
}

/** @throws UsageError */
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

import { withJobs } from '../async/jobs.js';
import { type Call, forward, stream } from '../async/stream.js';
import { InterruptedError } from '../errors.js';
import type { Plan } from '../layout/plan.js';
import type { WrittenFile } from '../layout/written-file.js';
import { check, expectCheck } from '../runner/check.js';
import type { CheckResult } from '../runner/check-result.js';
import { checkGates } from '../runner/gates.js';
import { OpenedModels } from '../runner/model.js';
import { readText } from '../runner/texts.js';
import type { ConvertEvent, ConvertResult } from './events.js';
import { hasTarget, type PipelineParams } from './params.js';
import { checkKnownOutput } from './places.js';
import { checkKept, expected, measured, type Run, waitsOf } from './prepare.js';

// A conversion with what runs the model before it and after.

type Emit = (event: ConvertEvent) => void;

/** A conversion that runs no model. */
export interface Conversion<Params> {
  /** @throws what is wrong with the parameters by themselves. */
  check(params: Params): unknown;
  /** Reads the files that options name. */
  read(params: Params): Promise<unknown>;
  /** @param headersOnly for a target size: find out whether it can be met, and measure nothing. */
  plan(params: Params, emit: Emit, headersOnly?: boolean): Promise<Plan>;
  write(params: Params): Call<ConvertEvent, ConvertResult>;
}

/** The check was interrupted, when the files had been written. */
export class CheckInterruptedError extends InterruptedError {
  constructor(files: readonly WrittenFile[], options?: ErrorOptions) {
    const names = files.map(({ path }) => path).join(', ');
    super(options, {
      what: `Interrupted while checking; what was written is whole: ${names}.`,
      next: 'hf2gguf check FILE --against SOURCE does the rest.',
    });
  }
}

/** @throws as `writeAll` */
export async function planAll<Params extends PipelineParams>(
  conversion: Conversion<Params>,
  params: Params,
  emit: Emit,
): Promise<Plan> {
  const each = onceEach(emit);
  const own = { ...withJobs(params, { emit: each }), opened: new OpenedModels() };
  each({ event: 'phase', phase: 'open' });
  await refuse(conversion, own, each);
  return conversion.plan(await (hasTarget(own) ? measured(own, each, { keep: false }) : expected(own, each)), each);
}

/**
 * Runs the model as far as the types and values of the output depend on that, writes, and checks what was written.
 * What is wrong with any of it is found before anything is written, as far as headers tell.
 * @throws CheckInterruptedError, and as the conversion, `collectImatrix`, `measureSensitivities` and `check`
 */
export function writeAll<Params extends PipelineParams>(
  conversion: Conversion<Params>,
  params: Params,
): Call<ConvertEvent, ConvertResult> {
  return stream(async (emit, signal) => {
    const each = onceEach(emit);
    const own = { ...withJobs(params, { emit: each }), signal, opened: new OpenedModels() };
    each({ event: 'phase', phase: 'open' });
    await refuse(conversion, own, each);
    if (own.imatrix === 'auto' && !hasTarget(own)) {
      await conversion.plan(await expected(own, each), waitsOf(each));
    }
    const written = conversion.write(await measured(own, each, { keep: true }));
    const { files } = await forward(written, (event) => event.event !== 'done' && each(event));
    const checked = own.check ? await checkFiles(files, own, each) : undefined;
    const result = { files, ...(checked && { check: checked }) };
    emit({ event: 'done', result });
    if (checked) {
      checkGates(checked, checkOptions(own));
    }
    return result;
  }, params.signal);
}

/** Lets a warning through once: several steps open the same model. */
function onceEach(emit: Emit): Emit {
  const said = new Set<string>();
  return (event) => {
    if (event.event === 'warning') {
      if (said.has(event.what)) {
        return;
      }
      said.add(event.what);
    }
    emit(event);
  };
}

/** @throws what is wrong with a request before anything is done. */
async function refuse<Params extends PipelineParams>(conversion: Conversion<Params>, params: Run<Params>, emit: Emit) {
  await checkKnownOutput(params, { isPrefix: params.keepSplit });
  await checkKept(params);
  // Files that options name are read before the source, which may be on the Hub, is asked for.
  await conversion.read(params.imatrix === 'auto' ? { ...params, imatrix: NO_IMATRIX } : params);
  if (params.imatrixText !== undefined) {
    await readText(params.imatrixText, 'calibration');
  }
  if (hasTarget(params)) {
    await conversion.plan(await expected(params, emit), waitsOf(emit), true);
  }
  if (params.check) {
    await expectCheck({ ...params, ...checkOptions(params), against: params.source, emit: waitsOf(emit) });
  }
}

/** Stands in for one that is computed later. */
const NO_IMATRIX = {
  file: 'auto',
  format: 'gguf',
  datasets: [],
  chunks: 0,
  entries: new Map(),
} satisfies PipelineParams['imatrix'];

function checkOptions({ check }: PipelineParams) {
  return typeof check === 'object' ? check : {};
}

async function checkFiles<Params extends PipelineParams>(
  files: readonly WrittenFile[],
  params: Run<Params>,
  emit: Emit,
): Promise<CheckResult> {
  const { maxKld: _, maxPplRatio: __, ...options } = checkOptions(params);
  const model = files.map(({ path }) => path).filter(isFirstPart);
  const events = check({ ...params, ...options, source: model, against: params.source });
  try {
    return await forward(events, (event) => {
      if (event.event !== 'done') {
        emit(event);
      }
    });
  } catch (error) {
    throw error instanceof InterruptedError ? new CheckInterruptedError(files, { cause: error }) : error;
  }
}

/** Of a split file any part stands for all. */
function isFirstPart(path: string): boolean {
  return !/-\d{5}-of-\d{5}\.gguf$/.test(path) || /-00001-of-\d{5}\.gguf$/.test(path);
}

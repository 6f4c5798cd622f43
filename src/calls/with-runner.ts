import { withJobs } from '../async/jobs.js';
import { type Call, forward, stream } from '../async/stream.js';
import { InterruptedError } from '../errors.js';
import type { Plan } from '../layout/plan.js';
import type { WrittenFile } from '../layout/written-file.js';
import { readSplitLimits } from '../plan/split-parts.js';
import { check, expectCheck } from '../runner/check.js';
import type { CheckResult } from '../runner/check-result.js';
import { checkGates } from '../runner/gates.js';
import { OpenedModels } from '../runner/model.js';
import { readText } from '../runner/texts.js';
import type { ConvertEvent, ConvertResult } from './events.js';
import { hasTarget, type PipelineParams } from './params.js';
import { checkKnownOutput } from './places.js';
import { checkKept, expected, measured, type Run, waitsOf } from './prepare.js';

// Wraps a conversion with the steps that need the runner: importance matrix, sensitivities, check.

type Emit = (event: ConvertEvent) => void;

/** One of the two conversions that are wrapped, `convert` or `quantize` without the runner. */
export interface Conversion<Params> {
  /** Checks the parameters by themselves. @throws UsageError */
  check(params: Params): unknown;
  /** Reads the files that options name. */
  read(params: Params): Promise<unknown>;
  /** @param headersOnly for a target size: find out whether it can be met, and measure nothing. */
  plan(params: Params, emit: Emit, headersOnly?: boolean): Promise<Plan>;
  write(params: Params): Call<ConvertEvent, ConvertResult>;
}

/** The check was interrupted. The files are complete and stay. */
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
 * Runs the model where the types or values of the output depend on it, writes the files, and checks them.
 * Every error that headers and parameters can show is thrown before the first step.
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
    const { files, sources } = await forward(written, (event) => event.event !== 'done' && each(event));
    const checked = own.check ? await checkFiles(files, own, each) : undefined;
    const result = { files, sources, ...(checked && { check: checked }) };
    emit({ event: 'done', result });
    if (checked) {
      checkGates(checked, checkOptions(own));
    }
    return result;
  }, params.signal);
}

/** Passes each warning on once. Several steps open the same model and would repeat it. */
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

/** Checks the request and all its outputs before any work. @throws Hf2ggufError */
async function refuse<Params extends PipelineParams>(conversion: Conversion<Params>, params: Run<Params>, emit: Emit) {
  await checkKnownOutput(params, { isPrefix: params.keepSplit || readSplitLimits(params) !== null });
  await checkKept(params);
  // The source may be on the Hub: the files that options name are read before any request.
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

/** A placeholder for the matrix that is computed later. */
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

/** Whether a file is whole or a first part: `check` opens all parts by one of them. */
function isFirstPart(path: string): boolean {
  return !/-\d{5}-of-\d{5}\.gguf$/.test(path) || /-00001-of-\d{5}\.gguf$/.test(path);
}

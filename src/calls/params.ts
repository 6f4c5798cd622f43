import { UsageError } from '../errors.js';
import type { Phase } from '../events.js';
import { refuseEmpty } from '../options/empty.js';
import { checkNumbers } from '../options/numbers.js';
import type { ConversionParams, QuantizationParams } from '../plan/params.js';
import type { CheckParams } from '../runner/check.js';

/** Options of the steps of a conversion that run the model. The command line has the same names. */
export interface RunnerOptions {
  /** With `imatrix: 'auto'` or a target size: a file of text to run over. @default the bundled one */
  readonly imatrixText?: string;
  /** With `imatrix: 'auto'`: a file to write it to, to be given as `imatrix` another time; a plan does not write it. */
  readonly imatrixOut?: string;
  /** With a target size: a file to write what was measured to, to be given as `sensitivities`; a plan does not write it. */
  readonly sensitivitiesOut?: string;
  /** Run each file that was written beside the source, and say how far it is from it. @default false */
  readonly check?: boolean | CheckOptions;
}

/** The options of `check` that a conversion passes on to it. */
export type CheckOptions = Pick<CheckParams, 'text' | 'chunks' | 'ctx' | 'maxKld' | 'maxPplRatio'>;

/** Parameters of `convert` and `plan`. With `imatrix: 'auto'` the matrix is computed from the source first. */
export interface ConvertParams extends ConversionParams, RunnerOptions {}

/** Parameters of `quantize` and `planQuantize`. With `imatrix: 'auto'` the matrix is computed from the source first. */
export interface QuantizeParams extends QuantizationParams, RunnerOptions {}

/** The parameters that the steps which run a model look at, of a conversion or a quantization. */
export type PipelineParams = QuantizeParams & Pick<ConvertParams, 'arch' | 'archFile' | 'preTokenizer' | 'vocabOnly'>;

/** Whether types are chosen by a size. */
export function hasTarget({ targetSize, targetBpw }: PipelineParams): boolean {
  return [targetSize ?? targetBpw ?? []].flat().length > 0;
}

/** Whether a model is run before or after it is converted. */
export function runsModel(params: PipelineParams): boolean {
  return params.imatrix === 'auto' || hasTarget(params) || Boolean(params.check);
}

/** The stages of a conversion, in order: `plan` those of a plan alone, `write` those and the following ones. */
export function stagesOf(params: PipelineParams): { plan: readonly Phase[]; write: readonly Phase[] } {
  const isSized = hasTarget(params);
  const plan: Phase[] = [
    'open',
    ...(params.imatrix === 'auto' ? (['collect'] as const) : []),
    ...(isSized && !params.sensitivities ? (['sensitivity'] as const) : []),
    'plan',
    ...(isSized ? (['measure'] as const) : []),
  ];
  return { plan, write: [...plan, 'fill', 'flush', ...(params.check ? (['check'] as const) : [])] };
}

/** @throws UsageError */
export function checkRunnerOptions(params: PipelineParams): void {
  if (params.imatrixText !== undefined && params.imatrix !== 'auto' && !hasTarget(params)) {
    throw new UsageError(
      '--imatrix-text has no effect without --imatrix auto or a target size.',
      'Give both, or leave it out.',
    );
  }
  if (params.imatrix === 'auto' && params.vocabOnly) {
    throw new UsageError('A vocabulary alone has no importance matrix.', 'Leave --imatrix or --vocab-only out.');
  }
  if (typeof params.check === 'object') {
    refuseEmpty(params.check);
    checkNumbers(params.check);
  }
  if (params.imatrixOut !== undefined && params.imatrix !== 'auto') {
    throw new UsageError('--imatrix-out has no effect without --imatrix auto.', 'Give both, or leave it out.');
  }
  for (const [name, given] of Object.entries({
    '--sensitivities': params.sensitivities,
    '--sensitivities-out': params.sensitivitiesOut,
  })) {
    if (given !== undefined && !hasTarget(params)) {
      throw new UsageError(`${name} has no effect without a target size.`, 'Give both, or leave it out.');
    }
  }
  if (params.sensitivities !== undefined && params.sensitivitiesOut !== undefined) {
    throw new UsageError('--sensitivities and --sensitivities-out are both given.', 'Choose one of them.');
  }
  if (params.check && params.only) {
    throw new UsageError(
      'A model of which only some files are made cannot be checked.',
      'Leave --check or --only out; hf2gguf check runs it once all are there.',
    );
  }
  if (params.check && params.vocabOnly) {
    throw new UsageError('A vocabulary alone cannot be checked.', 'Leave --check or --vocab-only out.');
  }
}
